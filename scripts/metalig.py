"""Convert the MetaLig database into the file of ligands that druse maps into memory.

MetaLig (Sommer, Clarke, Kleuker, García-Melchor; MIT, in the wheel dartassembler) holds one JSON
object per line: 41,018 ligands taken from crystal structures, 358 MB of text. Some lines hold NaN
and Infinity, the longest has 4.4 MB; the json module reads both. Kept is what a design needs; the
lists of parent crystals are replaced by counts per metal and oxidation state.

Layout of the file, version 1. All numbers are little-endian, sections follow each other in this
order without gaps, offsets count from the start of the file.

header (128 bytes)
    8s  magic "DRUSELIG"          I   version 1
    I   number of ligands L       I   number of metal rows M
    I   number of distance rows D I   number of archetypes A
    I   unused, 0
    Q   offset of the index       Q   offset of the metal rows
    Q   offset of the distances   Q   offset of the archetype names
    Q   offset of the data        Q   length of the file
    32s SHA-256 of the wheel      16s unused, 0
index (L records of 48 bytes, in the order of the source)
    Q   offset of its data        I   length of its data
    I   occurrences in crystals   I   first metal row
    H   number of metal rows      H   atoms
    H   bonds                     b   charge
    B   sites (denticity)         B   archetype
    B   flags: 1 all bond orders known, 2 haptic, 4 a pair of atoms closer than 0.8 Å
    B   atomic number of the metal of the stored positions
    b   its oxidation state, -128 when unknown
    12s element of each site (atomic numbers, ascending, 0 beyond the last; of a haptic group the
        commonest element, of equally common ones the lightest)
    4s  unused, 0
metal rows (M records of 8 bytes, per ligand ascending by metal and oxidation state)
    B   atomic number             b   oxidation state, -128 when unknown
    H   unused, 0                 I   occurrences
distance rows (D records of 24 bytes, ascending by metal, element, atoms, chelate)
    B   metal                     B   element of the site as above
    B   atoms of the site         B   1 in ligands with several sites, else 0
    I   number of ligands         f f f f   lower quartile, median, upper quartile (Å), 0
archetype names (A times: B length, name in ASCII)
data, for each ligand
    B   length of the name, name in ASCII
    B   atomic number of each atom
    h   x, y, z of each atom (0.001 Å), the metal at the origin
    H H B  both atoms of each bond, first < second, ascending; order 1, 2, 3, 12 aromatic, 0 unknown
    for each site: B number of its atoms, H their indices, ascending
"""

import bz2
import collections
import itertools
import json
import math
import struct
import sys

MAGIC = b"DRUSELIG"
VERSION = 1
HEADER = struct.Struct("<8sIIIIIIQQQQQQ32s16x")
INDEX = struct.Struct("<QIIIHHHbBBBBb12s4x")
METAL = struct.Struct("<BbHI")
DISTANCE = struct.Struct("<BBBBIffff")
UNKNOWN_STATE = -128
SHORT = 0.8  # Å
LIGANDS = 41018

SYMBOLS = """H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr
Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu
Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr""".split()
NUMBER = {symbol: z for z, symbol in enumerate(SYMBOLS, 1)}


def site_element(numbers):
    """The commonest element of a site, of equally common ones the lightest."""
    counts = collections.Counter(numbers)
    return min(counts, key=lambda z: (-counts[z], z))


def quantile(ordered, share):
    """Linear between the neighbours, as usual; of one value that value."""
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


class Ligand:
    """One record of the source, reduced to what is kept."""

    def __init__(self, value):
        props, atoms = value["global_props"], value["atomic_props"]
        self.name = props["unique_name"]
        self.charge = props["charge"]
        self.archetype = props["archetype"]
        self.numbers = [NUMBER[symbol] for symbol in atoms["atoms"]]
        self.xyz = list(zip(atoms["x"], atoms["y"], atoms["z"]))
        self.bonds = sorted((int(i), int(j), bond["bond_type"])
                            for i, row in value["graph"]["graph"].items()
                            for j, bond in row.items() if int(i) < int(j))
        self.sites = [sorted(site) if isinstance(site, list) else [site] for site in value["hapdent_idc"]]
        self.orders_known = props["has_all_bond_orders_valid"]
        self.short = props["min_interatomic_distance"] < SHORT
        instances = value["ligand_instances"]
        # NaN, "unknown", differs from itself.
        states = [UNKNOWN_STATE if state != state else int(state) for state in instances["parent_metal_os"]]
        metals = [NUMBER[symbol] for symbol in instances["parent_metal"]]
        self.seen = collections.Counter(zip(metals, states))
        self.metal, self.state = metals[0], states[0]

    def site_elements(self):
        return [site_element([self.numbers[atom] for atom in site]) for site in self.sites]

    def distances(self):
        """(element, atoms, in a chelate), distance of the site's centre from the metal (Å)."""
        for element, site in zip(self.site_elements(), self.sites):
            # Not sum and hypot: their last bits differ between versions of Python.
            centre = [math.fsum(self.xyz[atom][axis] for atom in site) / len(site) for axis in range(3)]
            yield (element, len(site), int(len(self.sites) > 1)), math.sqrt(math.fsum(x * x for x in centre))

    def data(self):
        name = self.name.encode("ascii")
        thousandths = [round(1000 * x) for position in self.xyz for x in position]
        return b"".join([
            struct.pack("B", len(name)), name, bytes(self.numbers),
            struct.pack(f"<{len(thousandths)}h", *thousandths),
            *(struct.pack("<HHB", *bond) for bond in self.bonds),
            *(struct.pack(f"<B{len(site)}H", len(site), *site) for site in self.sites),
        ])


def read(stream, progress):
    """The ligands of a bzip2-compressed stream, one after the other."""
    for count, line in enumerate(bz2.BZ2File(stream), 1):
        if count % 500 == 0 or count == LIGANDS:
            progress(count, LIGANDS)
        yield Ligand(json.loads(line)["value"])


def show_progress(done, of):
    if sys.stderr.isatty():
        print(f"\rconverting ligands: {done} of {of}", end="\n" if done == of else "", file=sys.stderr, flush=True)


def convert(stream, target, wheel_sha256, progress=show_progress):
    """Write the file of ligands from the bzip2-compressed JSON lines; return their number."""
    index, metals, data = [], bytearray(), []
    archetypes, distances = [], collections.defaultdict(list)
    offset = 0
    for ligand in read(stream, progress):
        if ligand.archetype not in archetypes:
            archetypes.append(ligand.archetype)
        rows = sorted(ligand.seen.items())
        first_row = len(metals) // METAL.size
        for (metal, state), count in rows:
            metals += METAL.pack(metal, state, 0, count)
        for (element, atoms, chelate), distance in ligand.distances():
            distances[ligand.metal, element, atoms, chelate].append(distance)
        block = ligand.data()
        flags = (bool(ligand.orders_known) | any(len(site) > 1 for site in ligand.sites) << 1 | ligand.short << 2)
        index.append([offset, len(block), sum(ligand.seen.values()), first_row, len(rows), len(ligand.numbers),
                      len(ligand.bonds), ligand.charge, len(ligand.sites), archetypes.index(ligand.archetype), flags,
                      ligand.metal, ligand.state, bytes(sorted(ligand.site_elements()))])
        data.append(block)
        offset += len(block)

    names = b"".join(struct.pack("B", len(name)) + name.encode("ascii") for name in archetypes)
    table = b"".join(
        DISTANCE.pack(*key, len(values), *(quantile(sorted(values), share) for share in (0.25, 0.5, 0.75)), 0.0)
        for key, values in sorted(distances.items()))
    sizes = [HEADER.size, INDEX.size * len(index), len(metals), len(table), len(names), offset]
    at_index, at_metals, at_table, at_names, at_data, length = itertools.accumulate(sizes)
    with open(target, "wb") as file:
        file.write(HEADER.pack(MAGIC, VERSION, len(index), len(metals) // METAL.size, len(distances), len(archetypes),
                               0, at_index, at_metals, at_table, at_names, at_data, length,
                               bytes.fromhex(wheel_sha256)))
        for record in index:
            file.write(INDEX.pack(at_data + record[0], *record[1:]))
        file.write(metals)
        file.write(table)
        file.write(names)
        file.writelines(data)
    return len(index)
