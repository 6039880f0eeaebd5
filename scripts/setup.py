"""Fetch libtorch 2.13.0 (CPU part), the weights of CHGNet and SevenNet, the library of ligands and xtb; called by setup.sh.

All but xtb come from wheels of the Python package index. Wheels are ZIP files: nothing is installed,
and no torch is needed to read the weights. Every download and every converted file is compared with
the SHA-256 below. Folders appear in third_party/ by one rename, so an interrupted run leaves
nothing half done; a second run finds everything in place and does nothing.
"""

import collections
import errno
import fcntl
import hashlib
import io
import json
import os
import pickle
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import metalig

# requirement -> SHA-256 of the wheel. The interpreter that runs this script may be of another
# version and its system older: the files inside are what counts.
TORCH = ("torch==2.13.0", "60fcdcb2f3876e21146cb4524ef06397d727ca9ad5f020818547e25075fe3cb7")
CUDA_RUNTIME = ("nvidia-cuda-runtime==13.0.96", "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548")
CUDA_CUPTI = ("nvidia-cuda-cupti==13.0.85", "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8")
CHGNET = ("chgnet==0.4.2", "f60a3ed0dacc4657c511807eb1de44e12654e54d8f5a0cc483d1255564fb378a")
SEVENNET = ("sevenn==0.13.0", "9378f7df2b75fe83274483a5f804790ae1023dd22ddeb6a48c1a03de97e22620")
DART = ("dartassembler==1.1.1", "717beaaa0b98220e9308b74ea3806af93a1eff87a65fca5ed8a2cc22cb9ce2ce")
PIP_TARGET = ["--python-version", "3.11", "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux_2_25_x86_64",
              "--platform", "manylinux2014_x86_64"]

LIBTORCH_VERSION = "2.13.0"
# wheel -> {member: size in bytes}. libtorch_cuda.so is left out on purpose: the CPU part works
# alone, and torch-sys would link it if it were there.
LIBRARIES = {
    CUDA_RUNTIME: {"nvidia/cu13/lib/libcudart.so.13": 704288},
    CUDA_CUPTI: {"nvidia/cu13/lib/libcupti.so.13": 4152208},
    TORCH: {
        "torch/lib/libtorch_cpu.so": 438418417,
        "torch/lib/libc10.so": 1623185,
        "torch/lib/libgomp.so.1": 254009,
        "torch/lib/libtorch.so": 89185,
    },
}
SENTINEL_HEADER = "include/torch/csrc/api/include/torch/torch.h"

# wheel -> {file in third_party/models: (member of the wheel, SHA-256 of the converted file)}
WEIGHTS = {
    CHGNET: {
        "chgnet_0.3.0.safetensors": ("chgnet/pretrained/0.3.0/chgnet_0.3.0_e29f68s314m37.pth.tar",
                                     "3c4d91923e31931d2d79e65697bb4fa1987102997ed285f33f53d1d0079a6457"),
        "chgnet_r2scan.safetensors": ("chgnet/pretrained/r2scan/chgnet_r2scan_transfer_learning_e15f36s161m23.pth.tar",
                                      "fe5d84e4bf5fc738397a090e84300f93c20a592eec6596b2535abc63860b7a81"),
    },
    SEVENNET: {
        "sevennet_0.safetensors": ("sevenn/pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth", "fd3b4d93458ef3610146b932d3c11b787b5a152ae39afc02cf46ce6a3b308326"),
        "sevennet_l3i5.safetensors": ("sevenn/pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth", "1c8cfdd2c15388c86cdfc937ec1785a61be6db817694ce0330fd231e5e751244"),
    },
}
# wheel -> (its licence, file in third_party/models)
LICENCES = {
    CHGNET: ("chgnet-0.4.2.dist-info/licenses/LICENSE", "CHGNET_LICENSE"),
    SEVENNET: ("sevenn-0.13.0.dist-info/licenses/LICENSE", "SEVENNET_LICENSE"),
}

# The same for third_party/ligands, whose layout metalig.py describes.
LIGANDS = ("metalig_1.1.0.bin", "DARTassembler/data/metalig/MetaLigDB_v1.1.0.jsonlines.bz2",
           "19093fc953a4b704984272bf6256708c469aa2af114207cb92c51deeb416a64d")
LIGANDS_LICENCE = ("dartassembler-1.1.1.dist-info/licenses/LICENSE", "METALIG_LICENSE")


class SetupError(Exception):
    """What went wrong and what to do about it, in one line."""


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def require_space(folder, megabytes):
    free = shutil.disk_usage(folder).free // 1_000_000
    if free < megabytes:
        raise SetupError(f"not enough space on the disk of {folder}: {free} MB free, {megabytes} MB needed")


def download(wheel, folder):
    """Download one wheel without its dependencies, check it, return its path."""
    requirement, expected = wheel
    target = Path(tempfile.mkdtemp(dir=folder))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
               "--disable-pip-version-check", "--dest", str(target), *PIP_TARGET, requirement]
    # pip unpacks where TMPDIR points: keep it on the disk whose space was checked.
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(folder)})
    if run.returncode != 0:
        raise SetupError(explain_pip_failure(requirement, run.stderr))
    found = sorted(target.glob("*.whl"))
    if len(found) != 1:
        raise SetupError(f"pip downloaded {len(found)} files for {requirement}, expected one wheel")
    actual = sha256(found[0])
    if actual != expected:
        raise SetupError(f"wrong checksum of {found[0].name}: SHA-256 {actual}, expected {expected}; "
                         "nothing was changed. Try again; if it persists, the package index serves another file")
    return found[0]


def explain_pip_failure(requirement, stderr):
    last = next((line.strip() for line in reversed(stderr.splitlines()) if line.startswith("ERROR")),
                (stderr.strip().splitlines() or ["no message"])[-1])
    if "No module named pip" in stderr:
        return f"pip is missing for {sys.executable}; install it (python3 -m ensurepip, or the package python3-pip)"
    if "No space left on device" in stderr:
        return f"the disk is full while downloading {requirement}; 1200 MB are needed"
    network = ("NewConnectionError", "ConnectTimeout", "Temporary failure in name resolution", "Failed to establish",
               "ProxyError", "Read timed out", "ConnectionResetError", "SSLError", "(from versions: none)")
    if any(sign in stderr for sign in network):
        return f"no network: pip cannot reach the package index for {requirement} ({last})"
    return f"pip could not download {requirement}: {last}"


def libtorch_is_complete(folder):
    def size(name):
        path = folder / "lib" / name
        return path.stat().st_size if path.is_file() else -1

    version = folder / "build-version"
    return (version.is_file() and version.read_text().strip() == LIBTORCH_VERSION
            and (folder / SENTINEL_HEADER).is_file()
            and all(size(Path(member).name) == bytes_ for members in LIBRARIES.values()
                    for member, bytes_ in members.items()))


def install_libtorch(third_party, staging):
    require_space(third_party, 1200)
    folder = staging / "libtorch"
    (folder / "lib").mkdir(parents=True)
    for wheel, members in LIBRARIES.items():
        print(f"downloading {wheel[0]}", flush=True)
        path = download(wheel, staging)
        with zipfile.ZipFile(path) as archive:
            for member in members:
                with archive.open(member) as source, open(folder / "lib" / Path(member).name, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
            if wheel is TORCH:
                headers = [name for name in archive.namelist() if name.startswith("torch/include/")]
                archive.extractall(staging / "headers", headers)
                os.rename(staging / "headers/torch/include", folder / "include")
        path.unlink()
    (folder / "build-version").write_text(LIBTORCH_VERSION + "\n")
    if not libtorch_is_complete(folder):
        raise SetupError("the libtorch wheels hold other files than expected; nothing was changed")
    replace(folder, third_party / "libtorch")


class Storage:
    """Marker class for torch.FloatStorage."""


class Inert:
    """Stands for what a checkpoint holds beside weights and plain values; nothing can be done with it."""

    def __init__(self, *_):
        pass

    def __setstate__(self, _):
        pass


def read_checkpoint(archive_bytes):
    """Read a torch checkpoint: the pickled value, with (shape, little-endian f32 bytes) for tensors."""
    archive = zipfile.ZipFile(io.BytesIO(archive_bytes))
    root = archive.namelist()[0].split("/")[0]

    def rebuild(storage, offset, shape, stride, *_):
        contiguous = []
        step = 1
        for extent in reversed(shape):
            contiguous.insert(0, step)
            step *= extent
        if storage is None or offset != 0 or tuple(contiguous) != tuple(stride):
            return Inert()
        return tuple(shape), storage

    class Reader(pickle.Unpickler):
        # These three names are all that is called, so unpickling runs no foreign code.
        known = {
            ("torch", "FloatStorage"): Storage,
            ("collections", "OrderedDict"): collections.OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): rebuild,
        }

        def find_class(self, module, name):
            return self.known.get((module, name), Inert)

        def persistent_load(self, key):
            return archive.read(f"{root}/data/{key[2]}") if key[1] is Storage else None

    return Reader(io.BytesIO(archive.read(f"{root}/data.pkl"))).load()


def convert_chgnet(checkpoint):
    """Tensors and metadata of a CHGNet checkpoint."""
    model = checkpoint["model"]
    return model["state_dict"], {"model_args": json.dumps(model["model_args"], sort_keys=True)}


def convert_sevennet(checkpoint):
    """Tensors that hold something and what matters of the configuration of a SevenNet checkpoint."""
    config, state = checkpoint["config"], checkpoint["model_state_dict"]
    expected = {"is_parity": False, "interaction_type": "nequip", "self_connection_type": "linear",
                "use_bias_in_linear": False, "readout_as_fcn": False, "act_radial": "silu", "_normalize_sph": True,
                "lmax_edge": -1, "lmax_node": -1,
                "radial_basis": {"radial_basis_name": "bessel", "bessel_basis_num": 8}}
    for name, value in expected.items():
        if config[name] != value:
            raise SetupError(f"the SevenNet checkpoint has {name} = {config[name]}, expected {value}")
    envelope = config["cutoff_function"]
    species = sorted(config["_type_map"], key=config["_type_map"].get)
    kept = {
        "channels": [int(part.split("x")[0]) for part in config["irreps_manual"][1].split("+")],
        "cutoff": config["cutoff"],
        "cutoff_on": envelope["cutoff_on"] if envelope["cutoff_function_name"] == "XPLOR" else None,
        "layers": config["num_convolution_layer"],
        "poly_cut_p_value": envelope["poly_cut_p_value"],
        "radial_sizes": config["weight_nn_hidden_neurons"],
        "species": species,
    }
    tensors = {name: tensor for name, tensor in state.items() if not name.endswith((".output_mask", ".bias"))
               and not isinstance(tensor, Inert) and tensor[1]}
    return tensors, {"config": json.dumps(kept, sort_keys=True), "family": "sevennet"}


CONVERSIONS = {CHGNET: convert_chgnet, SEVENNET: convert_sevennet}


def write_safetensors(path, tensors, metadata):
    header = {"__metadata__": metadata}
    offset = 0
    for name in sorted(tensors):
        shape, data = tensors[name]
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in sorted(tensors):
            file.write(tensors[name][1])


def models_are_complete(folder):
    files = {name: expected for files in WEIGHTS.values() for name, (_, expected) in files.items()}
    return (all((folder / licence).is_file() for _, licence in LICENCES.values())
            and all((folder / name).is_file() and sha256(folder / name) == expected for name, expected in files.items()))


def install_models(third_party, staging):
    require_space(third_party, 150)
    folder = staging / "models"
    folder.mkdir()
    for requirement, files in WEIGHTS.items():
        print(f"downloading {requirement[0]}", flush=True)
        wheel = download(requirement, staging)
        with zipfile.ZipFile(wheel) as archive:
            for name, (member, expected) in files.items():
                tensors, metadata = CONVERSIONS[requirement](read_checkpoint(archive.read(member)))
                write_safetensors(folder / name, tensors, {**metadata, "source": f"{requirement[0]} {member}"})
                actual = sha256(folder / name)
                if actual != expected:
                    raise SetupError(f"wrong checksum of the converted {name}: SHA-256 {actual}, expected {expected}")
            licence, name = LICENCES[requirement]
            (folder / name).write_bytes(archive.read(licence))
    replace(folder, third_party / "models")


def ligands_are_complete(folder):
    name, _, expected = LIGANDS
    return (folder / LIGANDS_LICENCE[1]).is_file() and (folder / name).is_file() and sha256(folder / name) == expected


def install_ligands(third_party, staging):
    require_space(third_party, 150)
    folder = staging / "ligands"
    folder.mkdir()
    print(f"downloading {DART[0]}", flush=True)
    wheel = download(DART, staging)
    name, member, expected = LIGANDS
    print("converting its ligands (half a minute)", flush=True)
    with zipfile.ZipFile(wheel) as archive:
        with archive.open(member) as source:
            metalig.convert(source, folder / name, DART[1])
        (folder / LIGANDS_LICENCE[1]).write_bytes(archive.read(LIGANDS_LICENCE[0]))
    actual = sha256(folder / name)
    if actual != expected:
        raise SetupError(f"wrong checksum of the converted {name}: SHA-256 {actual}, expected {expected}")
    replace(folder, third_party / "ligands")


def bring_xtb():
    """The program xtb. Complexes need it and crystals do not, so its absence is only told."""
    if found := shutil.which("xtb"):
        print(f"xtb is in place: {found}")
        return
    advice = "it is needed for transition-metal complexes only; install it (Debian, Ubuntu: apt-get install xtb; " \
             "conda: conda install -c conda-forge xtb) so that `xtb` is in the PATH"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        print(f"xtb is not installed: {advice}")
        return
    print("installing xtb with apt-get", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    commands = [["apt-get", "install", "-y", "-qq", "--no-install-recommends", "xtb"], ["apt-get", "update", "-qq"]]
    # The lists of packages may be old or absent: bring them only if the first attempt fails.
    for command in [commands[0], commands[1], commands[0]]:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment)
        if shutil.which("xtb"):
            print(f"xtb: {shutil.which('xtb')}")
            return
    last = (run.stderr.strip().splitlines() or ["no message"])[-1]
    print(f"xtb is not installed, apt-get could not do it ({last}): {advice}")


def replace(new, old):
    """Move a finished folder into place; an outdated one goes away."""
    if old.exists():
        os.rename(old, new.parent / f"old-{old.name}")
    os.rename(new, old)


def bring_libtorch(third_party, work):
    target = third_party / "libtorch"
    own = os.environ.get("LIBTORCH")
    if libtorch_is_complete(target):
        print(f"libtorch {LIBTORCH_VERSION} is in place: {target}")
    elif own and Path(own).resolve() != target.resolve() and list(Path(own).glob("lib/libtorch_cpu.*")):
        print(f"libtorch: using yours, LIBTORCH={own} (tch needs exactly {LIBTORCH_VERSION})")
    elif (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise SetupError(f"libtorch is fetched for Linux x86_64 only, this is {platform.system()} "
                         f"{platform.machine()}; set LIBTORCH to a libtorch {LIBTORCH_VERSION} of your own")
    else:
        work(install_libtorch)
        print(f"libtorch {LIBTORCH_VERSION}: {target}")


def main(third_party):
    third_party.mkdir(parents=True, exist_ok=True)
    with open(third_party / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # With the lock held, whatever an interrupted run left behind belongs to nobody.
        for leftover in third_party.glob(".staging-*"):
            shutil.rmtree(leftover, ignore_errors=True)

        def work(install):
            with tempfile.TemporaryDirectory(prefix=".staging-", dir=third_party) as staging:
                install(third_party, Path(staging))

        if models_are_complete(third_party / "models"):
            print(f"weights of CHGNet and SevenNet are in place: {third_party / 'models'}")
        else:
            work(install_models)
            print(f"weights of CHGNet and SevenNet: {third_party / 'models'}")
        if ligands_are_complete(third_party / "ligands"):
            print(f"ligands are in place: {third_party / 'ligands'}")
        else:
            work(install_ligands)
            print(f"ligands: {third_party / 'ligands'}")
        bring_libtorch(third_party, work)
        bring_xtb()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]).absolute())
    except SetupError as error:
        sys.exit(f"make setup: {error}")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            sys.exit("make setup: the disk is full; 1200 MB are needed. Nothing was changed")
        sys.exit(f"make setup: {error}")
    except KeyboardInterrupt:
        sys.exit("make setup: interrupted; nothing was changed")
