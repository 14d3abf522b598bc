"""Whether text can be read: contrast as WCAG 2.2 counts it, from what the browser has computed."""

from __future__ import annotations

from playwright.sync_api import Page

# Success criterion 1.4.3, level AA: 4.5 to 1, and 3 to 1 for large text (24 px, or 18.66 px bold).
# What is switched off is left out, as the criterion says.
_LOOK = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const own = numbers(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, behind(element.parentElement));
  };
  const found = new Map();
  for (const element of document.querySelectorAll("body *")) {
    const says = element.matches("input:not([type=checkbox], [type=radio]), select, textarea")
      || [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!says || !element.checkVisibility() || element.closest(":disabled, svg, .unseen")) continue;
    const style = getComputedStyle(element);
    const back = behind(element);
    const [one, two] = [light(over(numbers(style.color), back)), light(back)];
    const ratio = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      const name = element.tagName.toLowerCase() + "." + element.className;
      found.set(name, `${name} ${style.color} on ${back}: ${ratio.toFixed(2)}`);
    }
  }
  return [...found.values()];
}"""


def too_faint(page: Page) -> list[str]:
    """Return what is too faint in the page as it is, in light colours and in dark ones."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {each}" for each in page.evaluate(_LOOK)]
    page.emulate_media(color_scheme="light")
    return found
