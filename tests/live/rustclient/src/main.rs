// SPDX-License-Identifier: Apache-2.0
//! A Matrix client on matrix-rust-sdk that does what standard input says: a line holds {"do": a name in `obey`, ...its arguments}, and the
//! answer is a line {"ok": ...} or {"error": ...}. It syncs in the background. CA_FILE names the certificate authority to trust.

// What proves that the SDK's futures may move between threads is long.
#![recursion_limit = "256"]

use std::{
    collections::HashMap,
    error::Error,
    sync::{Arc, Mutex},
};

use matrix_sdk::{
    config::SyncSettings,
    deserialized_responses::{RawAnySyncOrStrippedState, TimelineEvent, TimelineEventKind, VerificationLevel, VerificationState},
    reqwest::Certificate,
    ruma::{
        events::{room::encrypted::OriginalSyncRoomEncryptedEvent, AnySyncTimelineEvent, StateEventType},
        serde::Raw,
        OwnedRoomId, OwnedServerName, RoomId,
    },
    Client, LoopCtrl, Room,
};
use matrix_sdk_base::crypto::{CollectStrategy, DecryptionSettings, TrustRequirement};
use serde_json::{json, Value};
use tokio::io::{AsyncBufReadExt, BufReader};

type Answer = Result<Value, Box<dyn Error>>;

/// The timeline of each room, state included, oldest event first.
type Seen = Arc<Mutex<HashMap<OwnedRoomId, Vec<TimelineEvent>>>>;

fn text<'a>(order: &'a Value, name: &str) -> Result<&'a str, String> {
    order[name].as_str().ok_or(format!("{name} is missing"))
}

fn room(client: &Client, order: &Value) -> Result<Room, Box<dyn Error>> {
    let id = RoomId::parse(text(order, "room_id")?)?;
    Ok(client.get_room(&id).ok_or("the room is not known")?)
}

async fn login(order: &Value, seen: &Seen) -> Result<Client, Box<dyn Error>> {
    let authority = Certificate::from_pem(&std::fs::read(std::env::var("CA_FILE")?)?)?;
    let client = Client::builder()
        .homeserver_url(text(order, "url")?)
        .disable_built_in_root_certificates()
        .add_root_certificates(vec![authority])
        .with_room_key_recipient_strategy(CollectStrategy::IdentityBasedStrategy)
        .with_decryption_settings(DecryptionSettings { sender_device_trust_requirement: TrustRequirement::CrossSigned })
        .build()
        .await?;
    client.matrix_auth().login_username(text(order, "user")?, text(order, "password")?).send().await?;
    let (syncing, seen) = (client.clone(), seen.clone());
    tokio::spawn(async move {
        let ended = syncing
            .sync_with_callback(SyncSettings::default(), |answer| {
                let mut rooms = seen.lock().unwrap();
                for (room, update) in answer.rooms.joined {
                    rooms.entry(room).or_default().extend(update.timeline.events);
                }
                async { LoopCtrl::Continue }
            })
            .await;
        eprintln!("the sync ended: {ended:?}");
    });
    Ok(client)
}

/// What became of an event; one that could not be read before is tried again. Trust is that of the device that encrypted it.
async fn shown(room: &Room, mut event: TimelineEvent) -> Answer {
    let is_encrypted = event.raw().get_field::<String>("type")?.as_deref() == Some("m.room.encrypted");
    if is_encrypted {
        event = room.decrypt_event(event.raw().cast_ref_unchecked::<OriginalSyncRoomEncryptedEvent>(), None).await?;
    }
    let mut told: Value = event.raw().deserialize_as_unchecked()?;
    let trust = match &event.kind {
        TimelineEventKind::PlainText { .. } => "clear".to_owned(),
        TimelineEventKind::UnableToDecrypt { utd_info, .. } => {
            return Ok(json!({
                "event_id": told["event_id"], "sender": told["sender"], "trust": "none", "error": format!("{:?}", utd_info.reason),
            }))
        }
        TimelineEventKind::Decrypted(decrypted) => match &decrypted.encryption_info.verification_state {
            // That nobody compared the user's keys by hand is no matter here.
            VerificationState::Verified | VerificationState::Unverified(VerificationLevel::UnverifiedIdentity) => "signed".to_owned(),
            VerificationState::Unverified(level) => level.to_string(),
        },
    };
    told["trust"] = trust.into();
    Ok(told)
}

async fn all(room: &Room, events: Vec<TimelineEvent>) -> Answer {
    let mut told = Vec::new();
    for event in events {
        told.push(shown(room, event).await?);
    }
    Ok(told.into())
}

async fn invites(client: &Client) -> Answer {
    let mut found = Vec::new();
    for room in client.invited_rooms() {
        let kind = room.room_type().map(|kind| kind.to_string());
        found.push(json!({ "room_id": room.room_id(), "type": kind, "inviter": room.invite_details().await?.inviter_id }));
    }
    Ok(found.into())
}

/// The encrypted state that the SDK opened by itself when it came with a sync: it keeps no other.
async fn state(room: &Room) -> Answer {
    let mut events = Vec::new();
    for kept in room.get_state_events(StateEventType::RoomEncrypted).await? {
        if let RawAnySyncOrStrippedState::Sync(raw) = kept {
            events.push(TimelineEvent::from_plaintext(raw.cast_unchecked()));
        }
    }
    all(room, events).await
}

async fn obey(client: &Client, seen: &Seen, order: &Value) -> Answer {
    Ok(match text(order, "do")? {
        "cross_sign" => json!(client.encryption().bootstrap_cross_signing(None).await?),
        "invites" => invites(client).await?,
        "join" => {
            let via: Vec<OwnedServerName> = serde_json::from_value(order["via"].clone())?;
            let id = RoomId::parse(text(order, "room_id")?)?;
            json!(client.join_room_by_id_or_alias((&*id).into(), &via).await?.room_id())
        }
        "members" => match room(client, order) {
            Ok(room) => json!(room.joined_user_ids().await?),
            Err(_) => json!([]),
        },
        "send" => {
            let sent = room(client, order)?.send_raw(text(order, "type")?, order["content"].clone()).await?;
            json!(sent.response.event_id)
        }
        "events" => {
            let room = room(client, order)?;
            let events = seen.lock().unwrap().get(room.room_id()).cloned();
            all(&room, events.unwrap_or_default()).await?
        }
        "state" => state(&room(client, order)?).await?,
        "decrypt" => {
            let raw = Raw::<AnySyncTimelineEvent>::from_json(serde_json::value::to_raw_value(&order["event"])?);
            shown(&room(client, &order["event"])?, TimelineEvent::from_plaintext(raw)).await?
        }
        unknown => return Err(format!("{unknown} is not known").into()),
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let seen = Seen::default();
    let mut client = None;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let order: Value = serde_json::from_str(&line)?;
        let done = match &client {
            Some(client) => obey(client, &seen, &order).await,
            None => match login(&order, &seen).await {
                Ok(new) => {
                    let session = new.matrix_auth().session();
                    client = Some(new);
                    Ok(json!(session))
                }
                Err(error) => Err(error),
            },
        };
        println!("{}", done.map_or_else(|error| json!({ "error": error.to_string() }), |answer| json!({ "ok": answer })));
    }
    Ok(())
}
