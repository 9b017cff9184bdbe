const SPACE = "\u202f";
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, SPACE);
const fold = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
const clipped = (text, limit) => (text.length > limit ? text.slice(0, limit) + "…" : text);

/** An element; text only ever arrives as text nodes, so nothing in the data can become markup. */
function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

function percentText(percent) {
  const sign = percent > 0 ? "+" : percent < 0 ? "−" : "±";
  return `${sign}${Math.abs(percent).toFixed(1)}${SPACE}%`;
}

/** Both texts from the word in which they begin to differ. */
function excerpts(before, after, limit) {
  let same = 0;
  while (same < before.length && same < after.length && before[same] === after[same]) same++;
  const start = same <= 16 ? 0 : Math.max(before.lastIndexOf(" ", same - 1) + 1, same - 24);
  const cut = (text) => (start ? "…" : "") + clipped(text.slice(start), limit).replace(/\s+/g, " ");
  return [cut(before), cut(after)];
}
