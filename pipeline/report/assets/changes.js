/** The changes of a plan: one row a product. */
function changesExplorer(root, data) {
  const rows = data.products.map(([sku, name, effect, image, changes], no) => ({
    no, sku, name, image, effect: data.effects[effect],
    changes: changes.map(([field, before, after, source, cell, drift, acquitted, percent]) => ({
      field: data.fields[field], before, after, source: data.sources[source], cell, drift, acquitted, percent,
    })),
  }));
  for (const row of rows) {
    row.move = row.changes.reduce((most, change) =>
      change.percent !== null && Math.abs(change.percent) > Math.abs(most ?? 0) ? change.percent : most, null);
  }
  const explorer = new Explorer(root, {
    rows, rowHeight: 66,
    render: (row, self) => changeRow(row, self),
    detail: (row, self) => changeDetail(row, self),
    words: (row) => [row.sku, row.name, ...row.changes.flatMap((change) => [change.field, change.before ?? "", change.after])],
    facets: {
      effect: (value) => (row) => row.effect === value,
      field: (value) => (row) => row.changes.some((change) => change.field === value),
      guard: (value) => { const skus = new Set(data.guards[value]); return (row) => skus.has(row.sku); },
      mark: (value) => (row) => row.changes.some((change) => value === "drift" ? change.drift !== null : change.acquitted),
    },
    sorts: {
      name: (a, b) => a.name.localeCompare(b.name) || a.no - b.no,
      sku: (a, b) => (a.sku < b.sku ? -1 : a.sku > b.sku ? 1 : a.no - b.no),
      fall: (a, b) => (a.move ?? Infinity) - (b.move ?? Infinity) || a.no - b.no,
      rise: (a, b) => (b.move ?? -Infinity) - (a.move ?? -Infinity) || a.no - b.no,
      most: (a, b) => b.changes.length - a.changes.length || a.no - b.no,
    },
    paper: {
      head: ["SKU", "Product", "", "Field", "Before", "After"],
      rows: (row) => (row.changes.length ? row.changes : [{ field: "", before: "", after: "" }]).map((change, at) => [
        ...(at ? ["", "", ""] : [row.sku, clipped(row.name, 80), WORDS[row.effect]]),
        change.field, clipped(change.before ?? "", 300), clipped(change.after, 300)]),
    },
  });
  const toggle = root.querySelector("[data-images]");
  toggle?.addEventListener("click", () => {
    explorer.images = !explorer.images;
    toggle.setAttribute("aria-pressed", explorer.images);
    toggle.textContent = explorer.images ? "Hide images" : "Show images";
    root.classList.toggle("with-images", explorer.images);
    explorer.list.clear();
    explorer.explain(explorer.found[explorer.list.chosen]);
  });
  return explorer;
}

const pill = (word, hue) => h("span", { class: `pill hue-${hue}` }, word);
const WORDS = { create: "New", update: "Update", deactivate: "Deactivate", remove: "Remove" };

/** Only addresses over https, only when the reader asked for them, and without saying who asks. */
function picture(address, label, name) {
  if (!/^https:\/\//i.test(address)) return h("span", { class: "thumb" });
  return h("img", { class: name, src: address, alt: label, loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
}

function changeRow(row, self) {
  const wanted = self.facet("field");
  const order = row.changes.slice().sort((a, b) => (b.field === wanted) - (a.field === wanted));
  const rest = order.length - 2;
  const lines = row.effect === "create"
    ? [h("div", { class: "what" }, h("span", { class: "key" }, `${order.length} fields`)), summaryOf(order, "Price")]
    : order.slice(0, 2).map((change, at) => changeLine(change, at === 1 && rest > 0 ? rest : 0));
  return h("div", null,
    self.images ? picture(row.image, "", "thumb") : null,
    h("div", null,
      h("div", { class: "title cut", dir: "auto" }, row.name || row.sku),
      h("div", { class: "sub" }, pill(WORDS[row.effect], row.effect), h("span", { class: "mono cut" }, row.sku))),
    h("div", { class: "second" }, lines));
}

function summaryOf(changes, ending) {
  const price = changes.find((change) => change.field.endsWith(ending));
  return price ? h("div", { class: "what" }, h("span", { class: "key" }, price.field), h("span", { class: "text" }, price.after)) : null;
}

function changeLine(change, rest) {
  const [before, after] = excerpts(change.before ?? "", change.after, 90);
  const absent = change.before === null ? "not known" : "empty";
  return h("div", { class: "what" },
    change.field ? h("span", { class: "key" }, change.field) : null,
    before ? h("s", { class: "text" }, before) : h("span", { class: "empty" }, absent),
    h("span", { class: "to" }, "→"),
    after ? h("span", { class: "text" }, after) : h("span", { class: "empty" }, "empty"),
    change.percent === null ? null : h("span", { class: `pct ${change.percent < 0 ? "down" : "up"}` }, percentText(change.percent)),
    rest ? h("span", { class: "faint" }, `+${rest} more`) : null);
}

function changeDetail(row, self) {
  return [
    h("header", null,
      h("h3", { dir: "auto" }, row.name || row.sku),
      h("p", { class: "soft" }, pill(WORDS[row.effect], row.effect), " ", h("code", null, row.sku))),
    ...row.changes.map((change) => fieldView(change, row, self)),
  ];
}

function fieldView(change, row, self) {
  return h("section", { class: "field" },
    h("h4", null, change.field,
      change.percent === null ? null : h("span", { class: `pct ${change.percent < 0 ? "down" : "up"}` }, percentText(change.percent))),
    sides(change, row),
    self.images && change.field === "Images" ? galleries(change) : null,
    change.drift === null ? null : h("p", { class: "warn" },
      `Edited in the shop since our last push: we wrote ${change.drift || "nothing"}.`),
    change.acquitted ? h("p", { class: "from" }, "Goes back to an earlier value, so the guards leave it alone.") : null,
    originView(change));
}

function sides(change, row) {
  const figure = /^[-+]?[\d.,\s]*$/.test(change.after) && /^[-+]?[\d.,\s]*$/.test(change.before ?? "");
  const look = figure ? "side figure" : "side";
  const after = change.after ? null : h("span", { class: "empty" }, row.effect === "remove" ? "gone" : "empty");
  if (change.before === null && row.effect === "create")
    return h("div", { class: "sides one" }, h("div", { class: look, dir: "auto" }, after || tagged(change.after)));
  const unknown = change.before === null ? "can't be read from the shop" : change.before === "" ? "empty" : null;
  const parts = unknown || after || figure ? null : wordDiff(change.before, change.after);
  return h("div", { class: "sides" },
    h("div", { class: look, dir: "auto" }, h("span", { class: "cap" }, "Before"),
      unknown ? h("span", { class: "empty" }, unknown) : parts ? sideNodes(parts, "gone") : tagged(change.before)),
    h("div", { class: look, dir: "auto" }, h("span", { class: "cap" }, "After"),
      after || (parts ? sideNodes(parts, "new") : tagged(change.after))));
}

function galleries(change) {
  const show = (text, label) => h("div", { class: "gallery" },
    text.split("\n").filter((address) => address).map((address, at) => picture(address, `${label} ${at + 1}`, "")));
  return h("div", { class: "sides" },
    h("div", { class: "side" }, h("span", { class: "cap" }, "Before"), show(change.before ?? "", "Before")),
    h("div", { class: "side" }, h("span", { class: "cap" }, "After"), show(change.after, "After")));
}

function originView(change) {
  if (!change.source) return null;
  const [file, sheet, expression] = change.source;
  const place = [file, sheet, change.cell].filter((part) => part).join(" › ");
  if (!place && !expression) return null;
  return h("p", { class: "from" }, place ? `From ${place}` : "Set by", expression ? [" · ", h("code", null, expression)] : null);
}
