#!/usr/bin/env python3
"""Makes the Debian package and looks at it: deb.py SOURCE BUILD INSTALLED [dated|elsewhere]

lintian judges it, dpkg takes it apart. What is in it is left in the directory INSTALLED, with the package beside it
(INSTALLED.deb), for the other tests. With "dated", only dates and rights are looked at. With "elsewhere" the sources are copied, built
and packed in other directories, with another umask, and the package must be the same.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from user import need


def output(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def make(build, directory, umask=0o022, **more):
    """Calls cpack as a user does whose files are as private as `umask` says."""
    environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"} | more
    directory.mkdir(mode=0o755)
    words = ["cpack", "--config", build / "CPackConfig.cmake", "-B", directory, "-D", f"CPACK_OUTPUT_FILE_PREFIX={directory}"]
    subprocess.run(words, check=True, cwd=build, stdout=subprocess.DEVNULL, env=environment, umask=umask)
    (package,) = directory.glob("*.deb")
    return package


def fields(package):
    return dict(re.findall(r"^([\w-]+): (.*)", output("dpkg-deb", "-f", package), re.MULTILINE))


def check_fields(package, source, program):
    found = fields(package)
    version = re.search(r'define STAGECOACH_VERSION "(.*)"', (source / "common/version.h").read_text())[1]
    assert found["Version"] == version and found["Architecture"] == output("dpkg", "--print-architecture").strip(), found
    assert package.name == f"stagecoach_{version}_{found['Architecture']}.deb", package
    assert {"qemu-system-x86", "ovmf"} == set(found["Recommends"].split(", ")), found
    depends = {entry.split()[0] for entry in found["Depends"].split(", ")}
    libraries = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", program))
    owners = set()
    for library in libraries:
        path = re.search(rf"{re.escape(library)} => (\S+)", output("ldd", program))[1]
        owners |= {owner(path)}
    assert owners == depends, f"Depends: {depends}, but the libraries are of {owners}"


def owner(path):
    """The package of a file, which dpkg may know by the name from before /lib became a link into /usr."""
    for name in (os.path.realpath(path), os.path.realpath(path).removeprefix("/usr")):
        done = subprocess.run(["dpkg", "-S", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if done.returncode == 0:
            return done.stdout.split(":")[0]
    raise AssertionError(f"{path} is of no package")


def static_libraries(build):
    """Debian's source packages of what is linked into the loaders, or imgtool, itself."""
    rules = (build / "build.ninja").read_text()
    files = {os.path.realpath(path) for path in re.findall(r"\s(/usr/lib\S+\.[ao])\b", rules) if "cmocka" not in path}
    assert len(files) >= 3, files
    files |= {"/usr/include/xxhash.h"}
    packages = {owner(path) for path in files} | {"fonts-spleen"}
    return set(output("dpkg-query", "-W", "-f", "${source:Package}\n", *packages).split())


def check_content(installed, build):
    program = installed / "usr/bin/imgtool"
    share = installed / "usr/share"
    commands = re.findall(r"^  (\S+) ", output(program, "--help").split("\nCommands:\n")[1].split("\n\n")[0], re.MULTILINE)
    wanted = {"imgtool.1.gz", "stagecoach.conf.5.gz"} | {f"imgtool-{command}.1.gz" for command in commands}
    assert {path.name for path in (share / "man").rglob("*.gz")} == wanted
    for command in commands:
        output("man", "-l", share / f"man/man1/imgtool-{command}.1.gz", env=os.environ | {"MANPAGER": "cat"})
    for shell, path in (("bash", "bash-completion/completions/imgtool"), ("zsh", "zsh/vendor-completions/_imgtool"),
                        ("fish", "fish/vendor_completions.d/imgtool.fish")):  # fmt: skip
        assert (share / path).read_text() == output(program, "completion", shell), shell
    text = (share / "doc/stagecoach/copyright").read_text()
    for source in static_libraries(build):
        assert f"\nFiles: {source}/" in text, f"the copyright file does not name {source}"
    licences = set(re.findall(r"^License: (.*)", text, re.MULTILINE))
    for licence in licences:
        assert re.search(rf"^License: {re.escape(licence)}\n (?!Comment)\S", text, re.MULTILINE), f"no text of {licence}"
    names = output("strings", program)
    assert str(build) not in names and str(build.parent.parent) not in names, "a path of the build in the program"


def check_date_and_rights(package, dated):
    """Dates are those of SOURCE_DATE_EPOCH; rights do not depend on the umask."""
    listed = [re.findall(r"^(\S+ \S+) +(\d+) (\S+ \S+) (.*)", output("dpkg-deb", "-c", path, env=os.environ | {"TZ": "UTC"}),
                         re.MULTILINE) for path in (package, dated)]  # fmt: skip
    assert {entry[2] for entry in listed[1]} == {"2001-09-09 01:46"}, "SOURCE_DATE_EPOCH is not the date"
    rights = [[(entry[0], entry[3]) for entry in entries] for entries in listed]
    assert rights[0] == rights[1], "the rights of what is installed depend on the umask"


def build_elsewhere(source, directory):
    """The sources at another place, of another depth, built by a user with private files and no compiler cache."""
    copy, build = directory / "the/sources/of/it", directory / "build"
    shutil.copytree(source, copy, ignore=lambda folder, _: {"build", ".git"} if Path(folder) == source else set())
    more = {"umask": 0o077, "check": True, "stdout": subprocess.DEVNULL, "env": os.environ | {"CCACHE_DISABLE": "1"}}
    subprocess.run(["cmake", "-S", copy, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DSTAGECOACH_TESTS=OFF"], **more)
    subprocess.run(["cmake", "--build", build], **more)
    return make(build, directory / "packed", 0o077)


def main():
    source, build, installed = (Path(argument).resolve() for argument in sys.argv[1:4])
    need(lintian="lintian", **{"dpkg-shlibdeps": "dpkg-dev"}, man="man-db")
    with tempfile.TemporaryDirectory() as name:
        package = make(build, Path(name) / "one")
        other = make(build, Path(name) / "other", TZ="Pacific/Auckland", LC_ALL="C")
        assert package.read_bytes() == other.read_bytes(), "two runs, two packages"
        if sys.argv[4:] == ["elsewhere"]:
            other = build_elsewhere(source, Path(name) / "another")
            assert package.read_bytes() == other.read_bytes(), "the package depends on where it is built"
            return
        if sys.argv[4:] == ["dated"]:
            check_date_and_rights(package, make(build, Path(name) / "dated", 0o077, SOURCE_DATE_EPOCH="1000000000"))
            return
        judged = subprocess.run(["lintian", "--fail-on", "error,warning", "--allow-root", package], text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        assert judged.returncode == 0, judged.stdout
        shutil.rmtree(installed, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-R", package, installed], check=True)
        subprocess.run(["md5sum", "--quiet", "-c", "DEBIAN/md5sums"], cwd=installed, check=True)
        check_fields(package, source, installed / "usr/bin/imgtool")
        check_content(installed, build)
        shutil.copyfile(package, installed.with_suffix(".deb"))


if __name__ == "__main__":
    main()
