/** Findings, held changes and endings of records: a pill, two titles, words, and what is known. */
function notesExplorer(root, data) {
  const rows = data.rows.map(([hue, word, title, sub, words, facets, before, after, pairs], no) =>
    ({ no, hue, word, title, sub, words, facets, before, after, pairs }));
  const facets = Object.fromEntries(data.facets.map((name, at) => [name, (value) => (row) => row.facets[at] === value]));
  return new Explorer(root, {
    rows, rowHeight: 66, facets,
    render: (row) => h("div", { class: "note" },
      h("div", null, h("div", { class: "title cut", dir: "auto" }, row.title || "–"),
        h("div", { class: "sub" }, pill(row.word, row.hue), h("span", { class: "mono cut" }, row.sub))),
      h("div", { class: "second" }, h("div", { class: "cut small", dir: "auto" }, row.words), secondLine(row))),
    detail: noteDetail,
    words: (row) => [row.title, row.sub, row.words, row.word, ...row.facets, row.before ?? "", row.after ?? "", ...row.pairs.flat()],
    sorts: {},
    paper: {
      head: ["", "", "", ""],
      rows: (row) => [[row.word, row.title, row.sub, clipped(row.words, 400)]],
    },
  });
}

function secondLine(row) {
  if (row.before !== null || row.after !== null)
    return changeLine({ field: "", before: row.before, after: row.after ?? "", percent: null }, 0);
  const advice = row.pairs.find(([label]) => label === "What to do");
  return advice ? h("div", { class: "cut small soft", dir: "auto" }, advice[1]) : null;
}

function noteDetail(row) {
  return [
    h("header", null, h("h3", { dir: "auto" }, row.title || "–"),
      h("p", { class: "soft" }, pill(row.word, row.hue), " ", h("code", null, row.sub))),
    h("p", { dir: "auto" }, row.words),
    row.before === null && row.after === null ? null : sides({ before: row.before ?? "", after: row.after ?? "" }, {}),
    h("dl", { class: "pairs" }, row.pairs.flatMap(([label, value]) => [h("dt", null, label), h("dd", { dir: "auto" }, value)])),
  ].filter((node) => node);
}
