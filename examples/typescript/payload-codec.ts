// Payloads as the orchestrator encrypts them: AES-256-GCM, with the first key of a ring.

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';

const Wire = proto.temporal.api.common.v1.Payload;
const ENCODING = 'binary/encrypted';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Keys by id: the first encrypts. */
export type KeyRing = ReadonlyMap<string, Buffer>;

/** Reads `id:base64key,id2:base64key2`, as the worker has it in `TELEGENT_PAYLOAD_KEYS`. */
export function parseKeyRing(text: string): KeyRing {
  return new Map(
    text.split(',').map((entry, index) => {
      const [id, encoded] = entry.trim().split(':');
      const key = Buffer.from(encoded ?? '', 'base64');
      if (!id || key.length !== KEY_BYTES) {
        throw new Error(`entry ${index + 1} of the keys must be id:base64key with ${KEY_BYTES} bytes`);
      }
      return [id, key] as const;
    }),
  );
}

/** Encrypts with the first key of the ring, decrypts with the one that a payload names. */
export class EncryptionCodec implements PayloadCodec {
  readonly #keys: KeyRing;
  readonly #newest: string;

  constructor(keys: KeyRing) {
    const [newest] = keys.keys();
    if (newest === undefined) throw new Error('the key ring is empty');
    this.#keys = keys;
    this.#newest = newest;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => this.#encrypt(payload));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => (text(payload.metadata?.encoding) === ENCODING ? this.#decrypt(payload) : payload));
  }

  #encrypt(payload: Payload): Payload {
    const id = Buffer.from(this.#newest);
    const nonce = randomBytes(NONCE_BYTES);
    const key = this.#key(this.#newest);
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(id);
    const sealed = [cipher.update(Wire.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
    return {
      metadata: {
        encoding: Buffer.from(ENCODING),
        'encryption-key-id': id,
        'encryption-key-fingerprint': Buffer.from(fingerprint(key)),
      },
      data: Buffer.concat([nonce, ...sealed]),
    };
  }

  #decrypt(payload: Payload): Payload {
    const id = text(payload.metadata?.['encryption-key-id']);
    const key = this.#key(id);
    const data = Buffer.from(payload.data ?? []);
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES))
        // The id is authenticated too: a payload cannot be relabelled to another key.
        .setAAD(Buffer.from(id))
        .setAuthTag(data.subarray(-TAG_BYTES));
      const sealed = data.subarray(NONCE_BYTES, -TAG_BYTES);
      return Wire.decode(Buffer.concat([decipher.update(sealed), decipher.final()]));
    } catch {
      throw new Error(`a payload under key '${id}' cannot be decrypted: altered, or another key of that name`);
    }
  }

  #key(id: string): Buffer {
    const key = this.#keys.get(id);
    if (!key) throw new Error(`there is no payload key '${id}'; there are: ${[...this.#keys.keys()].join(', ')}`);
    return key;
  }
}

/** Tells keys of the same name apart; says nothing about the key. */
function fingerprint(key: Buffer): string {
  return createHash('sha256').update('payload key').update(key).digest('hex').slice(0, 16);
}

function text(bytes: Uint8Array | null | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
