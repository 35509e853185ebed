from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from factory.base import small_body

from OsteoScreenLib.ct.reader import list_series, read_ct
from OsteoScreenLib.ct.write import write_image
from OsteoScreenLib.errors import InputError
from OsteoScreenLib.phantom.dicom_series import write_dicom_series

INNER = "Smith_Jane.nii.gz"


def packed(path: Path, name: str, content: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr(name, content)
    return path


@pytest.fixture
def image(tmp_path: Path) -> bytes:
    return write_image(small_body(), tmp_path / "made.nii.gz").read_bytes()


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_with_broken_data_is_called_damaged_whatever_its_method(tmp_path: Path, method: int) -> None:
    path = packed(tmp_path / "scan.zip", "a.dcm", bytes(range(256)) * 4000, method)
    content = bytearray(path.read_bytes())
    for place in range(60, 160):
        content[place] ^= 0x5A
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_ct(path)
    assert refused.value.code == "damaged"
    assert refused.value.path == str(path)


def test_a_zip_whose_names_are_not_what_they_claim_is_called_damaged(tmp_path: Path) -> None:
    path = packed(tmp_path / "scan.zip", "\u00e9.dcm", b"x" * 1000)
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xfe"))
    with pytest.raises(InputError) as refused:
        read_ct(path)
    assert refused.value.code == "damaged"


def test_an_image_in_a_zip_or_a_folder_goes_by_the_name_the_user_gave(tmp_path: Path, image: bytes) -> None:
    folder = tmp_path / "case_7"
    folder.mkdir()
    (folder / INNER).write_bytes(image)
    assert read_ct(folder).source.name == "case_7"
    assert read_ct(packed(tmp_path / "case_8.zip", INNER, image)).source.name == "case_8.zip"
    assert read_ct(folder / INNER).source.name == INNER


def test_a_broken_image_in_a_zip_is_reported_of_the_zip_and_not_of_its_temporary_place(
    tmp_path: Path, image: bytes
) -> None:
    path = packed(tmp_path / "case_8.zip", INNER, image[:2000])
    with pytest.raises(InputError) as refused:
        read_ct(path)
    assert refused.value.code == "truncated"
    assert str(path) in str(refused.value)
    assert "Smith" not in str(refused.value)


def test_a_sidecar_stays_beside_its_image_and_names_that_differ_by_case_stay_apart(
    tmp_path: Path, image: bytes
) -> None:
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        archive.writestr("one/ct.nii.gz", image)
        archive.writestr("one/ct.json", '{"Modality": "CT", "KVP": 140}')
        archive.writestr("one/CT.JSON", "{}")
        archive.writestr("two/ct.json", '{"Modality": "CT", "KVP": 80}')
    assert read_ct(tmp_path / "scan.zip").acquisition.kvp == 140.0


def test_listing_the_series_of_a_zip_tells_how_far_it_is(tmp_path: Path) -> None:
    files = write_dicom_series(small_body(), tmp_path / "scan")
    with zipfile.ZipFile(tmp_path / "scan.zip", "w") as archive:
        for file in files:
            archive.write(file, file.name)
    told: list[float] = []
    (entry,) = list_series(tmp_path / "scan.zip", lambda fraction, _: told.append(fraction))
    assert entry.taken
    assert told == sorted(told)
    assert len(told) > 3
