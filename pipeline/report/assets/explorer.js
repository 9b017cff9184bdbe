/** A list with search, filters and order beside the details of the chosen row. */
class Explorer {
  constructor(root, { rows, rowHeight, render, detail, words, facets, sorts, paper }) {
    Object.assign(this, { root, rows, detail, words, facets, sorts, paper });
    this.search = root.querySelector('input[type="search"]');
    this.filters = [...root.querySelectorAll("select[data-facet]")];
    this.order = root.querySelector("select[data-sort]");
    this.status = root.querySelector("[data-status]");
    this.clearing = root.querySelector("[data-clear]");
    this.pane = root.querySelector("[data-detail]");
    this.list = new VirtualList(root.querySelector("[data-list]"), {
      rowHeight, render: (row) => render(row, this), choose: (row) => this.explain(row),
      open: () => this.pane.focus(),
    });
    this.search.addEventListener("input", () => this.soon());
    for (const select of [...this.filters, this.order]) select?.addEventListener("change", () => this.update());
    this.clearing.addEventListener("click", () => { this.reset(); this.search.focus(); });
    this.pane.addEventListener("keydown", (event) => { if (event.key === "Escape") this.list.box.focus(); });
    this.list.box.parentElement.style.setProperty("--most", `${Math.max(4, rows.length) * rowHeight + 2}px`);
    this.update();
  }

  /** Typing waits for the next frame, so several keys in one frame cost one search. */
  soon() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.update());
  }

  facet(name) {
    return this.filters.find((select) => select.dataset.facet === name)?.value || "";
  }

  set(name, value) {
    this.reset(false);
    const select = this.filters.find((each) => each.dataset.facet === name);
    if (select) select.value = value;
    else this.search.value = value;
    this.update();
    this.root.scrollIntoView();
    this.list.box.focus({ preventScroll: true });
  }

  reset(now = true) {
    this.search.value = "";
    for (const select of this.filters) select.value = "";
    if (now) this.update();
  }

  haystack(row) {
    if (row.hay === undefined) row.hay = fold(this.words(row).join("\n"));
    return row.hay;
  }

  update() {
    const wanted = fold(this.search.value.trim()).split(/\s+/).filter((word) => word);
    const active = this.filters.filter((select) => select.value);
    const tests = active.map((select) => this.facets[select.dataset.facet](select.value));
    let found = this.rows.filter((row) =>
      tests.every((test) => test(row)) && wanted.every((word) => this.haystack(row).includes(word)));
    const sort = this.order && this.sorts[this.order.value];
    if (sort) found = found.slice().sort(sort);
    this.found = found;
    this.clearing.hidden = !active.length && !wanted.length;
    const [one, many] = [this.root.dataset.one, this.root.dataset.many];
    const noun = this.rows.length === 1 ? one : many;
    this.status.textContent = found.length === this.rows.length
      ? `${grouped(found.length)} ${noun}`
      : `${grouped(found.length)} of ${grouped(this.rows.length)} ${noun}`;
    this.list.show(found);
  }

  explain(row) {
    this.pane.replaceChildren(...(row ? this.detail(row, this) : []));
    this.pane.scrollTop = 0;
  }

  /** Paper can't scroll: the rows that are filtered now, as a table, up to a number that it says. */
  print() {
    const table = this.root.querySelector("[data-paper]");
    const rows = this.found.slice(0, PAPER_ROWS);
    const rest = this.found.length - rows.length;
    table.replaceChildren(
      h("table", null,
        h("thead", null, h("tr", null, this.paper.head.map((title) => h("th", null, title)))),
        h("tbody", null, rows.flatMap(this.paper.rows)
          .map((cells) => h("tr", null, cells.map((cell) => h("td", null, cell)))))),
      rest > 0 ? h("p", null, `${grouped(rest)} more are not printed: filter the list, or use the spreadsheet.`) : "");
  }
}
const PAPER_ROWS = 1000;
