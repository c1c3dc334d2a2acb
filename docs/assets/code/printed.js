// Does a block print here what the page says that it prints?
const NUMBER = /-?\d+(?:\.\d+)?(?:e[-+]?\d+)?/g;
const CLOSE = 0.02; // relative: further apart is another result, not another last digit

/** The lines that a page promises: a printed text below the block, or comments after `print(…)`. */
function promised(code, printed) {
  if (printed.trim()) return printed.trim().split("\n");
  const lines = code.split("\n").filter((line) => /^\s*print\(/.test(line));
  const comments = lines.map((line) => line.match(/\)  # (.*)$/)?.[1]);
  return comments.every(Boolean) ? comments : [];
}

/** A sentence if some lines differ in their last digits only, "" if not or if nobody can tell. */
export function differences(code, printed, text) {
  const expected = promised(code, printed);
  const found = text.trim().split("\n");
  if (!expected.length || expected.length !== found.length) return "";
  const differs = found.filter((line, i) => onlyLastDigits(expected[i].trim(), line.trim()));
  if (!differs.length) return "";
  return (
    `The last digits differ from those printed on this page (here ${differs[0].trim()}): this Python ` +
    "adds up the terms of a product of matrices in another order."
  );
}

/** Is the line found the beginning of the line expected, but for the last digits of its numbers? */
function onlyLastDigits(expected, found) {
  if (expected.startsWith(found)) return false;
  const [a, b] = [expected, found].map((line) => (line.match(NUMBER) ?? []).map(Number));
  const words = [expected, found].map((line) => line.replace(NUMBER, "#").replace(/\s+/g, " "));
  if (!words[0].startsWith(words[1]) || !b.length) return false;
  const apart = b.map((value, i) => Math.abs(value - a[i]));
  return apart.some(Boolean) && apart.every((by, i) => by <= CLOSE * Math.abs(a[i]) + 1e-6);
}
