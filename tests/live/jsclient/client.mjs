// SPDX-License-Identifier: Apache-2.0
// A Matrix client on matrix-js-sdk that does what standard input says: a line holds {"do": a name in `commands`, ...its arguments}, and
// the answer is a line {"ok": ...} or {"error": ...}. It syncs in the background and writes its log to standard error.
import { createInterface } from "node:readline";
import { ClientEvent, createClient, EventType, MatrixEvent } from "matrix-js-sdk";
import { EventShieldColour, OnlySignedDevicesIsolationMode } from "matrix-js-sdk/lib/crypto-api/index.js";
import { verify } from "./proof.mjs";

// The SDK writes to console.log and the like, which must not meet the answers.
for (const level of ["debug", "info", "log", "trace", "warn"]) console[level] = console.error;

const seen = new Map(); // room id: the events of its timeline, state included, oldest first
let client;

// What became of an event, once decryption is over; trust is that of the device that encrypted it.
async function shown(event) {
    await client.decryptEventIfNeeded(event);
    const about = { event_id: event.getId(), sender: event.getSender(), state_key: event.getStateKey() };
    if (event.isDecryptionFailure() || (event.isEncrypted() && !event.getClearContent())) {
        return { ...about, trust: "none", error: event.decryptionFailureReason ?? "not tried" };
    }
    const told = { ...about, type: event.getType(), content: event.getContent() };
    if (!event.isEncrypted()) return { ...told, trust: "clear" };
    const { shieldColour, shieldReason } = await client.getCrypto().getEncryptionInfoForEvent(event);
    return { ...told, trust: shieldColour === EventShieldColour.NONE ? "signed" : `shield ${shieldColour} ${shieldReason}` };
}

const all = (events) => Promise.all(events.map(shown));

const commands = {
    async login({ url, user, password }) {
        const session = await createClient({ baseUrl: url }).loginRequest({
            type: "m.login.password",
            identifier: { type: "m.id.user", user },
            password,
        });
        client = createClient({
            baseUrl: url,
            userId: session.user_id,
            deviceId: session.device_id,
            accessToken: session.access_token,
            enableEncryptedStateEvents: true,
        });
        await client.initRustCrypto({ useIndexedDB: false });
        client.getCrypto().setDeviceIsolationMode(new OnlySignedDevicesIsolationMode());
        client.on(ClientEvent.Event, (event) => {
            const room = event.getRoomId();
            if (room) seen.set(room, [...(seen.get(room) ?? []), event]);
        });
        await client.startClient({ initialSyncLimit: 100, pollTimeout: 2000 });
        return { user_id: session.user_id, device_id: session.device_id, access_token: session.access_token };
    },

    // Gives the account an identity and signs this device with it.
    cross_sign: () => client.getCrypto().bootstrapCrossSigning({ authUploadDeviceSigningKeys: (upload) => upload(null) }),

    invites: () =>
        client
            .getRooms()
            .filter((room) => room.getMyMembership() === "invite")
            .map((room) => ({ room_id: room.roomId, type: room.getType(), inviter: room.getMember(client.getUserId()).events.member.getSender() })),

    join: async ({ room_id, via }) => (await client.joinRoom(room_id, { viaServers: via })).roomId,

    members: ({ room_id }) => (client.getRoom(room_id)?.getJoinedMembers() ?? []).map((member) => member.userId),

    send: async ({ room_id, type, content }) => (await client.sendEvent(room_id, type, content)).event_id,

    events: ({ room_id }) => all(seen.get(room_id) ?? []),

    // The encrypted state that the SDK itself opened when it came with a sync, as its room state has it.
    state: ({ room_id }) =>
        all(
            [...client.getRoom(room_id).currentState.events.values()]
                .flatMap((events) => [...events.values()])
                .filter((event) => event.getWireType() === EventType.RoomMessageEncrypted && !event.isDecryptionFailure()),
        ),

    // An event as the server holds it, opened as if it came now.
    decrypt: ({ event }) => shown(new MatrixEvent(event)),

    verify: ({ record, key }) => verify(record, key),
};

for await (const line of createInterface({ input: process.stdin })) {
    const { do: name, ...rest } = JSON.parse(line);
    let answer;
    try {
        answer = { ok: (await commands[name](rest)) ?? null };
    } catch (error) {
        console.error(error);
        answer = { error: String(error) };
    }
    process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit(0);
