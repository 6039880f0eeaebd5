// A table that shows one page of many rows: filters, sorting, rows that open.

/** Order of two values of a column; rows without a value come last either way. */
const compareValues = (a, b, direction) => {
  const missing = (value) => value === undefined || value === null || value === "";
  if (missing(a) || missing(b)) return missing(a) - missing(b);
  if (typeof a === "number" && typeof b === "number") return direction * (a - b);
  return direction * String(a).localeCompare(String(b), "en", { numeric: true });
};

class Table {
  /**
   * `columns`: `{ title, value(row), cell(row), numeric, hint, class }`; `detail(row)` builds what an
   * opened row shows; `changed(table)` is called when other rows are shown.
   */
  constructor({ rows, columns, detail, head, body, changed }) {
    Object.assign(this, { rows, columns, detail, head, body, changed });
    this.open = new Set();
    this.keep = () => true;
    this.sorting = null;
    this.size = 50;
    this.page = 0;
    this.buttons = columns.map((column) => {
      const button = element("button", { type: "button", title: column.hint, onclick: () => this.sort(column) }, column.title);
      const cell = element("th", { scope: "col", class: column.class ?? (column.numeric && "number") }, button);
      return { column, cell };
    });
    head.replaceChildren(element("tr", {}, this.buttons.map((each) => each.cell)));
  }

  /** Sorts by a column, the other way round when it is sorted already; without one: input order. */
  sort(column, direction) {
    const same = column && this.sorting?.column === column;
    this.sorting = column && { column, direction: direction ?? (same ? -this.sorting.direction : 1) };
    this.update();
  }

  filter(keep) {
    this.keep = keep;
    this.update();
  }

  /** Filters and sorts again and shows the first page. */
  update() {
    this.shown = this.rows.filter(this.keep);
    if (this.sorting) {
      const { column, direction } = this.sorting;
      this.shown.sort((a, b) => compareValues(column.value(a), column.value(b), direction) || a.index - b.index);
    }
    this.page = 0;
    this.render();
  }

  pages() {
    return Math.max(1, Math.ceil(this.shown.length / this.size));
  }

  turn(page) {
    this.page = Math.min(this.pages() - 1, Math.max(0, page));
    this.render();
  }

  /** Opens a row, on its page; shows all rows when the filters hide it. */
  reveal(row) {
    this.open.add(row.index);
    this.page = Math.floor(this.shown.indexOf(row) / this.size);
    this.render();
    const button = this.body.querySelector(`[data-row="${row.index}"] button`);
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: "start" });
  }

  render(all = false) {
    for (const { column, cell } of this.buttons) {
      const sorted = this.sorting?.column === column;
      if (sorted) cell.setAttribute("aria-sort", this.sorting.direction > 0 ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    }
    const rows = all ? this.shown : this.shown.slice(this.page * this.size, (this.page + 1) * this.size);
    this.body.replaceChildren(...rows.flatMap((row) => this.lines(row)));
    if (!rows.length)
      this.body.append(element("tr", { class: "none" }, element("td", { colspan: this.columns.length }, "No row passes the filters.")));
    this.changed(this);
  }

  lines(row) {
    const isOpen = this.open.has(row.index);
    const id = `detail-${row.index}`;
    const cells = this.columns.map((column, n) => {
      const content = column.cell(row);
      if (n > 0) {
        return element("td", { class: column.class ?? (column.numeric && "number"), "data-title": column.title, "data-empty": content === "–" }, content);
      }
      const open = () => this.toggle(row);
      const button = element("button", { type: "button", class: "open", "aria-expanded": String(isOpen), "aria-controls": id, onclick: open }, content);
      return element("th", { scope: "row" }, button);
    });
    const main = element("tr", { "data-row": row.index, class: isOpen ? "row is-open" : "row" }, cells);
    return isOpen ? [main, this.drawer(row, id)] : [main];
  }

  drawer(row, id) {
    return element("tr", { class: "detail", id }, element("td", { colspan: this.columns.length }, this.detail(row)));
  }

  toggle(row) {
    const main = this.body.querySelector(`[data-row="${row.index}"]`);
    const button = main.querySelector("button");
    if (this.open.delete(row.index)) {
      main.nextElementSibling.remove();
    } else {
      this.open.add(row.index);
      main.after(this.drawer(row, `detail-${row.index}`));
    }
    const isOpen = this.open.has(row.index);
    main.classList.toggle("is-open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
  }
}
