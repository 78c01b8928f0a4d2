// Points the UI at a codec server that wants a name and a token, and signs in there.
//
// The job: `ui`, `codec`, `name`, `token`, `workflow_id`, and `expected`: words of the workflow's
// input. The result: whether they could be read before.
import { run } from "./ui.mjs";

await run(async (job, page) => {
  const workflow = `${job.ui}/namespaces/default/workflows/${job.workflow_id}`;
  await page.goto(workflow);
  await page.getByTestId(/^data-encoder-status/).first().click();
  const dialog = page.getByRole("dialog", { name: "Codec Server" });
  await dialog.getByText("Use my browser setting").click();
  await dialog.getByTestId("data-encoder-endpoint-input").fill(job.codec);
  await dialog.getByText("Include cross-origin credentials").click();
  await dialog.getByTestId("confirm-modal-button").click();

  const refused = page.waitForResponse(
    (response) => response.url().startsWith(job.codec) && response.status() === 401,
  );
  await page.goto(workflow);
  await refused;
  const before = await page.getByText(job.expected).count();

  const tab = await page.context().newPage();
  const { protocol, host } = new URL(job.codec);
  await tab.goto(`${protocol}//${job.name}:${job.token}@${host}/`); // as typed into the prompt
  await page.goto(workflow);
  await page.getByText(job.expected).first().waitFor();
  return { before, greeted: await tab.locator("body").innerText() };
});
