function startTheme() {
  document.querySelector("[data-theme-toggle]").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.chosen = theme;
    remember(theme);
    paintTheme();
  });
  darkness.addEventListener("change", paintTheme);
  paintTheme();
}

function startExplorers() {
  const explorers = {};
  const make = { changes: changesExplorer, notes: notesExplorer };
  for (const root of document.querySelectorAll("[data-explorer]")) {
    const data = JSON.parse(document.getElementById(`${root.id}-data`).textContent);
    explorers[root.id] = make[root.dataset.explorer](root, data);
  }
  return explorers;
}

function startPage() {
  startTheme();
  const explorers = startExplorers();
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set]");
    if (button) explorers[button.dataset.in]?.set(button.dataset.set, button.dataset.value);
    const copy = event.target.closest("[data-copy]");
    if (copy) copyText(copy);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    const first = Object.values(explorers)[0];
    if (first) { event.preventDefault(); first.search.focus(); first.root.scrollIntoView(); }
  });
  addEventListener("beforeprint", () => Object.values(explorers).forEach((explorer) => explorer.print()));
  document.documentElement.dataset.ready = "yes";
}

function copyText(button) {
  navigator.clipboard?.writeText(button.dataset.copy).then(() => {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }, () => {});
}

startPage();
