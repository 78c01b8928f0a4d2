// Takes a picture of a page of the Temporal UI. Its one argument is JSON: the fields of Shot in
// take.py, which browser to use, and into which file.
import { chromium } from "playwright-core";

const FLAGS = [
  "--no-sandbox", // root has none, and only our own pages are opened
  "--no-proxy-server",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SETTLE = 1000; // milliseconds in which the UI fades in what is there

async function take(shot, browser) {
  const context = await browser.newContext({
    viewport: { width: 1400, height: shot.height },
    locale: "en-US",
    timezoneId: "UTC",
  });
  await context.addInitScript((remembered) => {
    for (const [name, value] of Object.entries(remembered)) {
      localStorage.setItem(name, JSON.stringify(value));
    }
  }, shot.remembered);
  const page = await context.newPage();
  await page.goto(shot.url);
  for (const text of shot.clicks) {
    // Not click(): some labels are invisible, and stand for the box beside them.
    await page.getByText(text, { exact: true }).first().dispatchEvent("click");
  }
  if (shot.top) {
    // Before anything is waited for: rows of a timeline are drawn as they come into view.
    await page.getByText(shot.top, { exact: true }).last().evaluate((it) => it.scrollIntoView());
  }
  // Markdown is in frames of its own, the current details in the last one.
  const place = shot.in_details ? page.locator("iframe").last().contentFrame() : page;
  await place.getByText(shot.expected).first().waitFor();
  await page.evaluate(() => document.activeElement.blur()); // focus draws a frame
  await page.waitForTimeout(SETTLE);
  await page.screenshot({ path: shot.into });
}

const shot = JSON.parse(process.argv[2]);
let browser;
try {
  browser = await chromium.launch({ executablePath: shot.browser, args: FLAGS });
  await take(shot, browser);
} catch (error) {
  console.error(`${shot.into}, ${shot.url}: ${error.message}`);
  process.exitCode = 1;
} finally {
  await browser?.close();
}
