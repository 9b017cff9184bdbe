/** Words, spaces, tags and single signs: the pieces that a person sees change. */
const tokens = (text) => text.match(/<[^<>]*>|[\p{L}\p{N}\p{M}]+|\s+|[^\s\p{L}\p{N}\p{M}]/gu) || [];
const sentences = (text) => text.split(/(?<=[.!?\n>])/u);
const DIFF_CELLS = 4000000;

/** The pieces of both texts as [both, only before, only after], in order. */
function wordDiff(before, after) {
  let left = tokens(before), right = tokens(after);
  if (left.length * right.length > DIFF_CELLS) { left = sentences(before); right = sentences(after); }
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let end = 0;
  while (end < left.length - start && end < right.length - start &&
         left[left.length - 1 - end] === right[right.length - 1 - end]) end++;
  const parts = [];
  push(parts, "same", left.slice(0, start).join(""));
  middle(parts, left.slice(start, left.length - end), right.slice(start, right.length - end));
  push(parts, "same", left.slice(left.length - end).join(""));
  return smooth(parts);
}

/** A blank that survived between two changed words changes with them: whole phrases read better. */
function smooth(parts) {
  const result = [];
  let gone = "", fresh = "";
  const flush = () => { push(result, "gone", gone); push(result, "new", fresh); gone = fresh = ""; };
  parts.forEach(([kind, text], at) => {
    const between = kind === "same" && !text.trim() && (gone || fresh) && at + 1 < parts.length;
    if (kind === "same" && !between) { flush(); push(result, "same", text); return; }
    if (kind !== "new") gone += text;
    if (kind !== "gone") fresh += text;
  });
  flush();
  return result;
}

function push(parts, kind, text) {
  if (!text) return;
  const last = parts[parts.length - 1];
  if (last && last[0] === kind) last[1] += text;
  else parts.push([kind, text]);
}

function middle(parts, left, right) {
  if (!left.length || !right.length || left.length * right.length > DIFF_CELLS) {
    push(parts, "gone", left.join(""));
    push(parts, "new", right.join(""));
    return;
  }
  const width = right.length + 1;
  const longest = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      longest[i * width + j] = left[i] === right[j]
        ? longest[(i + 1) * width + j + 1] + 1
        : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
  let i = 0, j = 0;
  while (i < left.length && j < right.length) {
    if (left[i] === right[j]) { push(parts, "same", left[i]); i++; j++; }
    else if (longest[(i + 1) * width + j] >= longest[i * width + j + 1]) push(parts, "gone", left[i++]);
    else push(parts, "new", right[j++]);
  }
  push(parts, "gone", left.slice(i).join(""));
  push(parts, "new", right.slice(j).join(""));
}

/** One side of a difference as nodes: what both have, and its own pieces marked. */
function sideNodes(parts, own) {
  return parts.filter(([kind]) => kind === "same" || kind === own).flatMap(([kind, text]) => {
    const nodes = tagged(text);
    return kind === "same" ? nodes : [h(own === "new" ? "ins" : "del", null, nodes)];
  });
}

function tagged(text) {
  return text.split(/(<[^<>]*>)/).filter((piece) => piece)
    .map((piece) => (piece[0] === "<" ? h("span", { class: "tag" }, piece) : document.createTextNode(piece)));
}
