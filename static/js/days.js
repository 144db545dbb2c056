// On a phone the strip of days is wider than the screen: begin at the chosen day.
for (const day of document.querySelectorAll(".days > [aria-current]")) {
  const strip = day.parentElement;
  strip.scrollLeft = day.offsetLeft - strip.offsetLeft - (strip.clientWidth - day.clientWidth) / 2;
}
