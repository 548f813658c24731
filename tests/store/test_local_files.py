"""``file://`` URLs work without fsspec."""

import subprocess
import sys

import pytest

from automap.exceptions import StorageError
from automap.store import remote


def test_files_are_pushed_listed_pulled_and_deleted(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    url = f"file://{tmp_path}/shared/run"
    remote.push(tmp_path / "a.txt", url)
    assert remote.file_sizes(url) == {"a.txt": 3}
    assert remote.read_text(remote.child(url, "a.txt")) == "one"
    assert remote.read_text(remote.child(url, "b.txt")) is None
    assert remote.list_files(f"file://{tmp_path}/shared") == [("run", "a.txt")]
    remote.pull(url, tmp_path / "copy")
    assert (tmp_path / "copy" / "a.txt").read_text() == "one"
    assert remote.pull_file(remote.child(url, "b.txt"), tmp_path / "b.txt") is False
    remote.delete(url, ["a.txt"])
    assert remote.file_sizes(url) == {}
    assert remote.file_sizes(f"{url}/nothing") == {}


def test_a_folder_that_cannot_be_made_is_a_storage_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file://"):
        remote.check_remote(f"file://{tmp_path}/file/folder")


def test_no_package_is_needed(tmp_path):
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from automap.store import remote\n"
        f"remote.check_remote('file://{tmp_path}/shared')\n"
        "try: remote.check_remote('s3://bucket/folder')\n"
        "except Exception as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "s3://bucket/folder: URLs need the package fsspec; install it with: pip install 'automap[remote]'"
    )
