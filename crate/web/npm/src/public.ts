export type { Channel, JoinOptions, Member, MessageMeta, Room, RoomEvents } from "./api.js";
export type { Config } from "./config.js";
export { ChinwagError, type ChinwagErrorCode } from "./errors.js";
export { createIdentity, type Identity } from "./identity.js";
export type { Stats } from "./stats.js";
export type { Json } from "./value.js";
