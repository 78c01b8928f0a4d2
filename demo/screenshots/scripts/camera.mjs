// Takes a picture of a page of the Temporal UI. The job has the fields of Shot in take.py, and into
// which file.
import { details, picture, run } from "./ui.mjs";

await run(async (shot, page) => {
  await page.goto(shot.url);
  for (const text of shot.clicks) {
    // Not click(): some labels are invisible, and stand for the box beside them.
    await page.getByText(text, { exact: true }).first().dispatchEvent("click");
  }
  if (shot.top) {
    // Before anything is waited for: rows of a timeline are drawn as they come into view.
    await page.getByText(shot.top, { exact: true }).last().evaluate((it) => it.scrollIntoView());
  }
  if (shot.in_details) await details(page, shot.expected);
  else await page.getByText(shot.expected).first().waitFor();
  await picture(page, shot);
});
