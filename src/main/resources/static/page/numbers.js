// Numbers and times as text, the same in every language of the browser: a decimal point, no grouping.

/** With so many decimals at most, without zeros at the end. */
export function decimal(value, places = 4) {
  const text = value.toFixed(places);
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export const percent = (share) => `${(100 * share).toFixed(1)} %`;

export const millis = (value) => (value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`);

export const power = (value) => (value === 0 ? "0" : value.toExponential(1));

export const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** A time as ISO 8601 writes it, to the second, in UTC. */
export const moment = (time) => `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} UTC`;
