// Numbers and times as people read them, in the browser's own language and zone.

const whole = new Intl.NumberFormat();
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 2 });
const decimal = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const hour = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function count(number) {
  if (number === null || number === undefined) return "–";
  return number < 1e6 ? whole.format(number) : compact.format(number);
}

export function rate(number) {
  if (number === null || number === undefined) return "–";
  return number < 100 ? decimal.format(number) : count(Math.round(number));
}

// Today's times without the day.
export function time(text) {
  const moment = new Date(text);
  const today = moment.toDateString() === new Date().toDateString();
  return (today ? clock : date).format(moment);
}

// Of seconds since 1970.
export function minute(seconds) {
  return hour.format(seconds * 1000);
}
