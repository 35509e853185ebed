"""Bundles that come as zip files, good and hostile."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest
from factory.bundles import make_bundle

from OsteoScreenLib.errors import ModelError
from OsteoScreenLib.models import bundle_archive
from OsteoScreenLib.models.store import install_model

pytestmark = pytest.mark.usefixtures("shipped")


def packed(tmp_path: Path, prefix: str = "small-net/", **more: bytes) -> Path:
    """A zip of a small bundle and of further members."""
    if not (tmp_path / "source").exists():
        make_bundle(tmp_path / "source")
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted((tmp_path / "source").iterdir()):
            archive.write(file, prefix + file.name)
        for name, content in more.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("prefix", ["", "small-net/", "a/b/c/"])
def test_a_zip_of_a_bundle_is_installed_wherever_the_bundle_lies_in_it(
    tmp_path: Path, users: Path, prefix: str
) -> None:
    bundle = install_model(packed(tmp_path, prefix))
    assert bundle.folder == users / "small-net-0.1.0"


def test_what_macos_adds_to_a_zip_is_passed_over(tmp_path: Path, users: Path) -> None:
    extras = {"__MACOSX/small-net/._model.json": b"x", "small-net/.DS_Store": b"x", "__MACOSX/._small-net": b"x"}
    assert install_model(packed(tmp_path, **extras)).model_id == "small-net"


HOSTILE = {
    "a name that leads out": ({"../../evil.onnx": b"x"}, "unsafe_archive"),
    "a name from the root": ({"/evil.onnx": b"x"}, "unsafe_archive"),
    "a name with a drive": ({"C:\\evil.onnx": b"x"}, "unsafe_archive"),
    "a name that leads out with backslashes": ({"..\\evil.onnx": b"x"}, "unsafe_archive"),
    "a second bundle": ({"other/model.json": b"{}"}, "missing_file"),
    "a file in a folder beside it": ({"small-net/sub/more.onnx": b"x"}, "missing_file"),
    "a file that is not listed": ({"small-net/more.onnx": b"x"}, "unlisted_file"),
    "a pickle that is not listed": ({"small-net/net.pkl": b"x"}, "forbidden_file"),
    "a second model.json": ({"small-net/MODEL.JSON": b"{}"}, "unlisted_file"),
    "more files than a bundle has": ({f"small-net/{i}.txt": b"" for i in range(300)}, "archive_too_large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_is_refused_and_nothing_is_written(tmp_path: Path, users: Path, name: str) -> None:
    members, code = HOSTILE[name]
    path = packed(tmp_path, **members)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError) as refused:
        install_model(path)
    assert refused.value.code == code
    assert sorted(tmp_path.rglob("*")) == before


def test_a_link_in_a_zip_is_refused(tmp_path: Path, users: Path) -> None:
    path = packed(tmp_path)
    link = zipfile.ZipInfo("small-net/more.onnx")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ModelError) as refused:
        install_model(path)
    assert refused.value.code == "unsafe_archive"


def test_a_bomb_is_refused_before_anything_is_unpacked(tmp_path: Path, users: Path, monkeypatch) -> None:
    path = packed(tmp_path, **{"small-net/more.txt": bytes(4_000_000)})
    monkeypatch.setattr(bundle_archive, "MAX_BYTES", 1_000_000)
    monkeypatch.setattr(bundle_archive, "unpacked", None)
    with pytest.raises(ModelError, match="would unpack") as refused:
        install_model(path)
    assert refused.value.code == "archive_too_large"


def test_a_zip_that_holds_more_than_it_declares_is_stopped(tmp_path: Path, users: Path) -> None:
    path = packed(tmp_path, **{"small-net/more.txt": b"0123456789" * 50})
    data = bytearray(path.read_bytes())
    declared = (500).to_bytes(4, "little")
    assert data.count(declared) == 2
    path.write_bytes(bytes(data).replace(declared, (5).to_bytes(4, "little")))
    with pytest.raises(ModelError) as refused:
        install_model(path)
    assert refused.value.code in ("unsafe_archive", "damaged")


def test_a_zip_without_a_bundle_or_cut_off_is_refused(tmp_path: Path, users: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(ModelError, match=r"no model\.json"):
        install_model(tmp_path / "other.zip")
    path = packed(tmp_path)
    data = bytearray(path.read_bytes())
    data[40:80] = bytes(40)
    path.write_bytes(data)
    with pytest.raises(ModelError) as refused:
        install_model(path)
    assert refused.value.code == "damaged"
    path.write_bytes(data[:100])
    with pytest.raises(ModelError) as refused:
        install_model(path)
    assert refused.value.code == "not_a_bundle"
