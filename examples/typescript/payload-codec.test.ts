import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EncryptionCodec, parseKeyRing } from './payload-codec.ts';

const OLD = Buffer.alloc(32, 1).toString('base64');
const NEW = Buffer.alloc(32, 2).toString('base64');
const PLAIN = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"482913"') };

test('what an older key encrypted can be read with a ring that has a newer one', async () => {
  const sealed = await new EncryptionCodec(parseKeyRing(`old:${OLD}`)).encode([PLAIN]);
  const codec = new EncryptionCodec(parseKeyRing(`new:${NEW}, old:${OLD}\n`));

  const [opened] = await codec.decode(sealed);
  assert.equal(Buffer.from(opened?.data ?? []).toString(), '"482913"');
  const [again] = await codec.encode([PLAIN]);
  assert.equal(Buffer.from(again?.metadata?.['encryption-key-id'] ?? []).toString(), 'new');
  assert.ok(!Buffer.from(again?.data ?? []).includes('482913'));
});

test('what is not encrypted passes through', async () => {
  assert.deepEqual(await new EncryptionCodec(parseKeyRing(`a:${OLD}`)).decode([PLAIN]), [PLAIN]);
});

test('an unknown key, another key of the same name, and altered bytes are refused', async () => {
  const [sealed] = await new EncryptionCodec(parseKeyRing(`a:${OLD}`)).encode([PLAIN]);
  assert.ok(sealed);
  const decode = (keys: string, payload = sealed) => new EncryptionCodec(parseKeyRing(keys)).decode([payload]);

  await assert.rejects(decode(`b:${OLD}`), /there is no payload key 'a'; there are: b/);
  await assert.rejects(decode(`a:${NEW}`), /cannot be decrypted/);
  const altered = Buffer.from(sealed.data ?? []);
  altered.writeUInt8(altered.readUInt8(20) ^ 1, 20);
  await assert.rejects(decode(`a:${OLD}`, { ...sealed, data: altered }), /cannot be decrypted/);
});

test('a faulty key is named by its position, never by its content', () => {
  assert.throws(() => parseKeyRing(`a:${OLD},b:c2hvcnQ=`), /^Error: entry 2 of the keys must be/);
  assert.throws(() => parseKeyRing(OLD), /^Error: entry 1 of the keys must be/);
});
