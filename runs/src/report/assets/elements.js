// Colours of the elements, near to the ones that most crystal viewers use.

const ELEMENT_COLOURS = {
  H: "f2f2f2", He: "d9ffff", Li: "cc80ff", Be: "a8d800", B: "ffb5b5", C: "707070", N: "3050f8", O: "f02020",
  F: "70d040", Ne: "b3e3f5", Na: "ab5cf2", Mg: "6ad400", Al: "bfa6a6", Si: "e0b88a", P: "ff8000", S: "e8d428",
  Cl: "1fd01f", Ar: "80d1e3", K: "8f40d4", Ca: "3dd900", Sc: "c9c9d6", Ti: "a2a8b4", V: "8c8fa8", Cr: "6f86c4",
  Mn: "9c7ac7", Fe: "d9622e", Co: "e07f92", Ni: "46b848", Cu: "c27730", Zn: "7d80b0", Ga: "c28f8f", Ge: "668f8f",
  As: "bd80e3", Se: "f0a000", Br: "a62929", Kr: "5cb8d1", Rb: "702eb0", Sr: "00d400", Y: "6fd6d6", Zr: "70c2c4",
  Nb: "5aa6b4", Mo: "54b5b5", Tc: "3b9e9e", Ru: "248f8f", Rh: "0a7d8c", Pd: "006985", Ag: "b4b4b4", Cd: "e0bf70",
  In: "a67573", Sn: "668080", Sb: "9e63b5", Te: "d47a00", I: "940094", Xe: "429eb0", Cs: "57178f", Ba: "00b400",
  La: "57b8e8", Ce: "d8d880", Pr: "bcdc90", Nd: "a9d9a9", Pm: "93d8b8", Sm: "78d4b8", Eu: "5cd6c0", Gd: "45d0c4",
  Tb: "30cdc7", Dy: "1fc7c7", Ho: "00d49c", Er: "00cc75", Tm: "00b852", Yb: "00a838", Lu: "00961f", Hf: "4dacd9",
  Ta: "4da6ff", W: "2194d6", Re: "267dab", Os: "266696", Ir: "175487", Pt: "b0b0c4", Au: "f0c818", Hg: "a0a0b8",
  Tl: "a6544d", Pb: "575961", Bi: "9e4fb5", Po: "ab5c00", At: "754f45", Rn: "428296", Fr: "420066", Ra: "007d00",
  Ac: "70abfa", Th: "00baff", Pa: "00a1ff", U: "008fff", Np: "0080ff", Pu: "006bff", Am: "545cf2", Cm: "785ce3",
};

/** Red, green and blue (0–255) of an element; grey for those without a colour of their own. */
const elementColour = (symbol) => {
  const hex = parseInt(ELEMENT_COLOURS[symbol] ?? "a0a0a0", 16);
  return [hex >> 16, (hex >> 8) & 255, hex & 255];
};

const cssColour = ([r, g, b]) => `rgb(${r | 0},${g | 0},${b | 0})`;

/** Black or white, whichever reads better on a colour. */
const inkOn = ([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 140 ? "#111" : "#fff");
