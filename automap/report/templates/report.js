"use strict";

const PAGE = 50;

async function unpack() {
  const text = document.getElementById("data").textContent.trim();
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).json();
}

function showTable(table) {
  const head = document.querySelector("#trials thead");
  const body = document.querySelector("#trials tbody");
  const filter = document.getElementById("filter");
  const state = document.getElementById("state");
  const more = document.getElementById("more");
  const sorting = { column: null, descending: false };
  let shown = PAGE;

  const header = head.insertRow();
  table.columns.forEach((title, index) => {
    const cell = document.createElement("th");
    cell.scope = "col";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = title;
    button.addEventListener("click", () => {
      sorting.descending = sorting.column === index && !sorting.descending;
      sorting.column = index;
      draw();
    });
    cell.append(button);
    header.append(cell);
  });

  function matching() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    return table.rows.filter((row) => {
      if (state.value && row.state !== state.value) return false;
      const text = row.cells.map((cell) => cell[0]).join(" ").toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  function compare(one, other) {
    const a = one.cells[sorting.column][1];
    const b = other.cells[sorting.column][1];
    // Rows without a number stay at the end in either direction.
    if (a === null || b === null) return (a === null) - (b === null);
    const order = typeof a === "number" ? a - b : String(a).localeCompare(String(b));
    return sorting.descending ? -order : order;
  }

  function draw() {
    const rows = matching();
    if (sorting.column !== null) rows.sort(compare);
    [...header.cells].forEach((cell, index) => {
      if (index === sorting.column) cell.ariaSort = sorting.descending ? "descending" : "ascending";
      else cell.removeAttribute("aria-sort");
    });
    body.replaceChildren(...rows.slice(0, shown).map((row) => {
      const line = document.createElement("tr");
      for (const cell of row.cells) line.insertCell().textContent = cell[0];
      return line;
    }));
    document.getElementById("count").value =
      `${rows.length.toLocaleString("en")} of ${table.rows.length.toLocaleString("en")} trials`;
    more.hidden = rows.length <= shown;
    more.textContent = `Show more (${(rows.length - shown).toLocaleString("en")} left)`;
  }

  for (const input of [filter, state]) {
    input.addEventListener("input", () => { shown = PAGE; draw(); });
  }
  document.getElementById("filters").addEventListener("submit", (event) => event.preventDefault());
  more.addEventListener("click", () => { shown += 200; draw(); });
  draw();
}

// Text takes the colour of the page, so that charts need no drawing again when the theme changes.
const CONFIG = {
  background: "transparent",
  font: "system-ui, sans-serif",
  view: { stroke: "transparent" },
  axis: {
    labelColor: "currentColor", titleColor: "currentColor", labelFontSize: 12, titleFontSize: 12,
    domainColor: "#8886", gridColor: "#8883", tickColor: "#8886",
  },
  legend: { labelColor: "currentColor", titleColor: "currentColor", orient: "bottom", columns: 4 },
};

function showCharts(charts) {
  const draw = async (place) => {
    const chart = charts[place.id.replace(/^chart-/, "")];
    await vegaEmbed(place, { ...chart, config: CONFIG }, { renderer: "svg", actions: false, tooltip: { theme: "dark" } });
    place.dataset.drawn = "yes";
  };
  // Charts that are far below are drawn when the reader comes near.
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      observer.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "600px" });
  for (const place of document.querySelectorAll(".chart")) observer.observe(place);
}

function switchTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = root.dataset.theme || (dark ? "dark" : "light");
  root.dataset.theme = now === "dark" ? "light" : "dark";
}

document.getElementById("theme").addEventListener("click", switchTheme);
unpack().then((data) => {
  showTable(data.table);
  showCharts(data.charts);
  document.documentElement.dataset.ready = "yes";
});
