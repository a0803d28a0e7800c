export type { Channel, Counter, Grounds, IceServer, Invite, InviteOptions, JoinOptions, Log, LogEntry, Member, MessageMeta, Room, RoomEvents, SharedMap } from "./api.js";
export type { Config } from "./config.js";
export { ChinwagError, type ChinwagErrorCode } from "./errors.js";
export { createIdentity, loadIdentity, type Identity } from "./identity.js";
export type { FrameKind, Stats } from "./stats.js";
export type { Json } from "./value.js";
