/** A listbox that holds only the rows in sight, so that its length costs nothing. */
class VirtualList {
  constructor(box, { rowHeight, render, choose, open }) {
    Object.assign(this, { box, rowHeight, render, choose, open });
    this.rows = [];
    this.chosen = -1;
    this.shown = new Map();
    this.sizer = h("div", { class: "sizer", role: "presentation" });
    this.empty = h("p", { class: "nothing", hidden: true }, "Nothing matches these filters.");
    box.append(this.sizer, this.empty);
    box.addEventListener("scroll", () => this.paint(), { passive: true });
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("click", (event) => {
      const item = event.target.closest(".item");
      if (item) this.select(Number(item.dataset.index));
    });
    new ResizeObserver(() => this.paint()).observe(box);
  }

  show(rows) {
    this.rows = rows;
    this.sizer.style.height = `${rows.length * this.rowHeight}px`;
    this.empty.hidden = rows.length > 0;
    this.box.scrollTop = 0;
    this.clear();
    this.select(rows.length ? 0 : -1);
  }

  clear() {
    this.shown.clear();
    this.sizer.replaceChildren();
    this.paint();
  }

  paint() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / this.rowHeight) - 6);
    const last = Math.min(this.rows.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / this.rowHeight) + 6);
    for (const [index, item] of this.shown)
      if (index < first || index >= last) { item.remove(); this.shown.delete(index); }
    for (let index = first; index < last; index++)
      if (!this.shown.has(index)) this.place(index);
  }

  place(index) {
    const item = this.render(this.rows[index]);
    item.classList.add("item");
    item.id = `${this.box.id}-${index}`;
    item.dataset.index = index;
    item.setAttribute("role", "option");
    item.setAttribute("aria-setsize", this.rows.length);
    item.setAttribute("aria-posinset", index + 1);
    item.setAttribute("aria-selected", index === this.chosen);
    item.style.top = `${index * this.rowHeight}px`;
    item.style.height = `${this.rowHeight}px`;
    this.sizer.append(item);
    this.shown.set(index, item);
  }

  select(index) {
    this.shown.get(this.chosen)?.setAttribute("aria-selected", "false");
    this.chosen = index;
    if (index >= 0) this.reveal(index);
    this.shown.get(index)?.setAttribute("aria-selected", "true");
    if (index >= 0) this.box.setAttribute("aria-activedescendant", `${this.box.id}-${index}`);
    else this.box.removeAttribute("aria-activedescendant");
    this.choose(index >= 0 ? this.rows[index] : null);
  }

  reveal(index) {
    const top = index * this.rowHeight, bottom = top + this.rowHeight;
    if (top < this.box.scrollTop) this.box.scrollTop = top;
    else if (bottom > this.box.scrollTop + this.box.clientHeight) this.box.scrollTop = bottom - this.box.clientHeight;
    this.paint();
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key === "Enter") { event.preventDefault(); this.open(); return; }
    if (!(event.key in steps) || !this.rows.length || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.select(Math.min(this.rows.length - 1, Math.max(0, this.chosen + steps[event.key])));
  }
}
