// The Temporal UI in a browser: its pages and dialogs, as a person uses them.
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
const WIDTH = 1400;
const SETTLE = 1000; // milliseconds in which the UI fades in what is there
const TIMEOUT = 60_000;

// Runs `work(job, page)` in a browser of its own. The job is this program's one argument, as JSON,
// and the result is written to standard output, as JSON. A job may name a page to open first (`sign_in`).
export async function run(work) {
  const job = JSON.parse(process.argv[2]);
  let browser, page;
  try {
    browser = await chromium.launch({ executablePath: job.browser, args: FLAGS });
    const context = await browser.newContext({
      viewport: { width: WIDTH, height: job.height ?? 900 },
      locale: "en-US",
      timezoneId: "UTC",
    });
    context.setDefaultTimeout(TIMEOUT);
    await context.addInitScript(setLocalStorage, { navOpen: false, ...job.local_storage });
    page = await context.newPage();
    if (job.sign_in) await page.goto(job.sign_in);
    const result = await work(job, page);
    console.log(JSON.stringify(result ?? {}));
  } catch (error) {
    console.error(error.message);
    // What could be seen, to help find the reason.
    await page?.screenshot({ path: "failed.png", fullPage: true }).catch(() => {});
    process.exitCode = 1;
  } finally {
    await browser?.close();
  }
}

// What the UI keeps of its user, where it has kept nothing yet.
function setLocalStorage(values) {
  for (const [name, value] of Object.entries(values)) {
    if (localStorage.getItem(name) === null) localStorage.setItem(name, JSON.stringify(value));
  }
}

// Takes a picture of what can be seen, in a window of this height.
export async function picture(page, screenshot) {
  if (!screenshot) return;
  await page.setViewportSize({ width: WIDTH, height: screenshot.height });
  await page.evaluate(() => document.activeElement.blur()); // focus draws a frame
  await page.waitForTimeout(SETTLE);
  await page.screenshot({ path: screenshot.path });
}

// The current details of the workflow whose page is open, once they have these words.
export async function details(page, words) {
  await page.getByText("User Metadata", { exact: true }).first().click();
  // Markdown is in frames of its own, the current details in the last one.
  const frame = page.locator("iframe").last().contentFrame();
  await frame.getByText(words).first().waitFor();
  return frame;
}

// Sends a signal of this name from the dialog of the workflow whose page is open.
export async function signal(page, name, payload, screenshot) {
  await page.getByRole("button", { name: "More Actions" }).click();
  await page.getByRole("menuitem", { name: "Send a Signal" }).click();
  const dialog = page.getByRole("dialog", { name: "Send a Signal" });
  await dialog.getByTestId("signal-select-button").click();
  await dialog.getByRole("option", { name }).click();
  await dialog.getByRole("textbox", { name: "Data" }).click();
  await page.keyboard.insertText(JSON.stringify(payload));
  // The editor breaks it into lines, and so moves the buttons below, when it is left.
  await page.evaluate(() => document.activeElement.blur());
  await picture(page, screenshot);
  await dialog.getByTestId("confirm-modal-button").click();
  await dialog.waitFor({ state: "hidden" });
}
