// Runs before anything is painted, so that a chosen theme does not flash.
"use strict";
try {
  const theme = localStorage.getItem("mutoscope.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage is switched off: the system's theme it is */ }
