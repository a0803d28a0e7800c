try {
  const theme = localStorage.getItem("chinwag:theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {}
