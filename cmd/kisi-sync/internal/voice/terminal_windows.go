package voice

// terminalName is the console that a process belongs to, whatever its streams are.
const terminalName = "CONOUT$"
