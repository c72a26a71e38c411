// The DateTime profile `CCYY-MM-DDThh:mm:ss[.sss]TZD`. Source: XEP-0082 1.1 "DateTime".

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since 1970-01-01T00:00:00Z; undefined when it is no DateTime. A leap second counts as the next. */
export function parseDateTime(text: string): number | undefined {
  if (text.length > 64) return undefined;
  const match = DATE_TIME.exec(text.trim());
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index]);
  const [year, month, day, hour, minute, second] = [part(1), part(2), part(3), part(4), part(5), part(6)];
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  let offsetMinutes = 0;
  if (match[8] !== 'Z') {
    if (part(10) > 23 || part(11) > 59) return undefined;
    offsetMinutes = (part(10) * 60 + part(11)) * (match[9] === '-' ? -1 : 1);
  }
  const fractionMs = match[7] === undefined ? 0 : Math.floor(Number(`0${match[7]}`) * 1000);
  const date = new Date(0);
  // Not Date.UTC: it reads years 0–99 as 1900–1999.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second, fractionMs);
  return date.getTime() - offsetMinutes * 60_000;
}

function daysOf(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
