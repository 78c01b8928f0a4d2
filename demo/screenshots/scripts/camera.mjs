// Takes a picture of a page of the Temporal UI. The job has the fields of Screenshot in
// capture.py, and the `path` of the file.
import { details, picture, run } from "./ui.mjs";

await run(async (screenshot, page) => {
  await page.goto(screenshot.url);
  for (const text of screenshot.clicks) {
    // Not click(): some labels are invisible, and stand for the box beside them.
    await page.getByText(text, { exact: true }).first().dispatchEvent("click");
  }
  if (screenshot.scroll_to) {
    // Before anything is waited for: rows of a timeline are drawn as they come into view.
    await page.getByText(screenshot.scroll_to, { exact: true }).last().evaluate((it) => it.scrollIntoView());
  }
  if (screenshot.in_details) await details(page, screenshot.expected);
  else await page.getByText(screenshot.expected).first().waitFor();
  await picture(page, screenshot);
});
