// The eight colours of Okabe and Ito ("Color Universal Design", 2008) but black, as in the overlays of the service.

const COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#D55E00", "#CC79A7", "#0072B2"];

/** The colour with a number, from 0; they begin again after the last. */
export const colour = (number) => COLOURS[number % COLOURS.length];

/** Black or white, whichever is read better on a colour. */
export function textOn(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return (299 * red + 587 * green + 114 * blue) / 1000 > 110 ? "#000" : "#fff";
}
