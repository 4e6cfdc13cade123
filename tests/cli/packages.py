"""Packages of third parties, as an installer leaves them in a folder."""

from pathlib import Path


def install(folder: Path, point: str, group: str = "policies", **modules: str) -> None:
    """Put a package there that claims an entry point, like `tide = module:Class`, of a group."""
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text)
    info = folder / "third_party-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: third-party\nVersion: 1\n")
    (info / "entry_points.txt").write_text(f"[ebbtide.{group}]\n{point}\n")
