// Starts an onboarding, corrects its port-in when the losing carrier rejects, awaits the end:
//   node onboard.ts ../family.json ../correction.json

import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ApplicationFailure,
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { EncryptionCodec, parseKeyRing } from './payload-codec.ts';
import type { LineStatus } from './types/LineStatus.d.ts';
import type { OnboardingRequest } from './types/OnboardingRequest.d.ts';
import type { OnboardingResult } from './types/OnboardingResult.d.ts';
import type { OnboardingStatus } from './types/OnboardingStatus.d.ts';
import type { PortInCorrection } from './types/PortInCorrection.d.ts';
import type { PortInStatus } from './types/PortInStatus.d.ts';

const [requestFile, correctionFile] = process.argv.slice(2);
if (!requestFile || !correctionFile) {
  console.error('usage: node onboard.ts REQUEST.json CORRECTION.json');
  process.exit(2);
}
const request: OnboardingRequest = JSON.parse(readFileSync(requestFile, 'utf8'));
const correction: PortInCorrection = JSON.parse(readFileSync(correctionFile, 'utf8'));
const workflowId = `onboarding-${request.reference}`;

// TEMPORAL_ADDRESS and the other variables that every Temporal tool reads.
const { connectionOptions, namespace } = loadClientConnectConfig();
const keysFile = process.env.TELEGENT_PAYLOAD_KEYS_FILE;
const payloadCodecs = keysFile ? [new EncryptionCodec(parseKeyRing(readFileSync(keysFile, 'utf8')))] : [];
const connection = await Connection.connect(connectionOptions);
const client = new Client({ connection, namespace, dataConverter: { payloadCodecs } });

try {
  await start();
  const end = result();
  await Promise.race([end, correctWhenAsked()]);
  console.log(await end);
} catch (error) {
  if (!(error instanceof WorkflowFailedError)) throw error;
  console.error(`${workflowId} failed: ${error.cause?.message}`);
  // When only a part could not be done, the failure has what does exist.
  if (error.cause instanceof ApplicationFailure) console.error(error.cause.details?.[0] ?? '');
  process.exitCode = 1;
} finally {
  await connection.close();
}

/** Starts the onboarding, or joins the one with the same reference, open or completed. */
async function start(): Promise<void> {
  try {
    await client.workflow.start('OnboardingWorkflow', {
      taskQueue: 'telegent-orchestrator',
      workflowId,
      args: [request],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY',
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  console.log(`${workflowId} is on its way`);
}

async function result(): Promise<OnboardingResult> {
  return client.workflow.getHandle(workflowId).result();
}

/** Looks once a second, and sends the correction once, when a port-in needs one. */
async function correctWhenAsked(): Promise<void> {
  for (;;) {
    const status = await query<OnboardingStatus>(workflowId);
    for (const line of status?.lines ?? []) {
      const portIn = (await query<LineStatus>(line.workflow_id))?.result.port_in_workflow_id;
      const port = portIn && (await query<PortInStatus>(portIn));
      if (port && port.state === 'ACTION_REQUIRED') {
        console.log(`${line.key}: ${port.reason}: ${port.remedy} Wanted: ${port.fields_to_correct}`);
        await client.workflow.getHandle(portIn).signal('correct', correction);
        return;
      }
    }
    await sleep(1000, undefined, { ref: false });
  }
}

/** The status of a workflow, undefined when it has not been started yet. */
async function query<Status>(id: string): Promise<Status | undefined> {
  try {
    return await client.workflow.getHandle(id).query<Status>('status');
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
