import { defineConfig } from "vite";
import { head } from "./build/head.js";

const page = (path: string): string => new URL(path, import.meta.url).pathname;

export default defineConfig({
  root: page("."),
  base: "/",
  plugins: [head()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: "assets",
    // Inlined in the style sheet, a font would be fetched even by those who need no letter of it.
    assetsInlineLimit: 0,
    rolldownOptions: {
      // The library in a file of its own: it changes seldom, and its size is its own affair.
      output: { codeSplitting: { groups: [{ name: "chinwag", test: /[\\/]crate[\\/]web[\\/]npm[\\/]/ }] } },
      input: {
        start: page("index.html"),
        presence: page("presence/index.html"),
        chat: page("chat/index.html"),
        board: page("board/index.html"),
        vote: page("vote/index.html"),
        invite: page("invite/index.html"),
      },
    },
  },
  // The signaling server beside `npm run dev`; in production it serves these pages itself.
  server: { proxy: { "/signal": { target: "ws://127.0.0.1:8787", ws: true } } },
});
