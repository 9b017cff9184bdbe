/** Runs before anything is drawn, so that a dark page never flashes white. */
const THEME = "sellercenter-report-theme";
const remembered = () => { try { return localStorage.getItem(THEME); } catch { return null; } };
const remember = (theme) => { try { localStorage.setItem(THEME, theme); } catch { /* a file may not store */ } };
const darkness = matchMedia("(prefers-color-scheme: dark)");

function paintTheme() {
  const theme = remembered() || document.documentElement.dataset.chosen || (darkness.matches ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  const button = document.querySelector("[data-theme-toggle]");
  if (!button) return;
  button.textContent = theme === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", `Switch to ${theme === "dark" ? "light" : "dark"} colours`);
}

paintTheme();
