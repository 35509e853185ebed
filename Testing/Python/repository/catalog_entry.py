"""What the Extensions Index asks of a catalog entry (version 1.0.2), in our own words, as a JSON Schema."""

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["$schema", "category", "scm_url"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "pattern": r"slicer-extension-catalog-entry-schema-v1\.0\.2\.json#?$"},
        "build_dependencies": {"type": "array", "items": {"type": "string", "minLength": 1}, "uniqueItems": True},
        "build_subdirectory": {"type": "string", "minLength": 1},
        "category": {"type": "string", "minLength": 1},
        "dicom_support_rule": {"type": "string", "minLength": 1},
        "enabled": {"type": "boolean"},
        "scm_revision": {"type": "string", "minLength": 1},
        "scm_type": {"enum": ["git", "local"]},
        "scm_url": {"type": "string", "pattern": "^https://[^ ]+$"},
        "tier": {"type": "integer", "minimum": 1, "maximum": 5},
    },
}
