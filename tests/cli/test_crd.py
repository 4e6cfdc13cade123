"""`ebbtide crd`: the resources of this version, for kubectl."""

from pathlib import Path

import yaml

from tests.cli.conftest import Ebbtide

PLURALS = {"capacityoverrides", "capacitypolicies", "eventcalendars", "eventprofiles"}


def test_it_prints_one_document_a_kind(ebbtide: Ebbtide) -> None:
    told = ebbtide("crd")
    found = list(yaml.safe_load_all(told.out))
    assert (told.code, told.err) == (0, "")
    assert {one["kind"] for one in found} == {"CustomResourceDefinition"}
    assert {one["spec"]["names"]["plural"] for one in found} == PLURALS


def test_it_writes_one_file_a_kind_into_a_new_folder(ebbtide: Ebbtide, tmp_path: Path) -> None:
    told = ebbtide("crd", "--output", "deploy/crds")
    written = sorted(path.name for path in (tmp_path / "deploy" / "crds").iterdir())
    assert written == [f"ebbtide.dev_{plural}.yaml" for plural in sorted(PLURALS)]
    assert sorted(told.out.split()) == [f"deploy/crds/{name}" for name in written]
    texts = [(tmp_path / "deploy" / "crds" / name).read_text() for name in written]
    assert {yaml.safe_load(text)["spec"]["group"] for text in texts} == {"ebbtide.dev"}


def test_a_folder_that_can_not_be_written_is_input_refused(
    ebbtide: Ebbtide, tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file\n")
    told = ebbtide("crd", "--output", "taken")
    assert told.code == 3
    assert told.err.startswith("ebbtide: taken/ebbtide.dev_")
    assert "can't be written" in told.err
