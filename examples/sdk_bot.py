"""A whole bot with the Python library: it repeats what it hears, notes a key and hangs up (examples/sdk_bot.py)."""

from controller.bot.sdk import Audio, Bot, Call, Dtmf

bot = Bot()


@bot.call
async def echo(call: Call) -> None:
    await call.accept()
    call.log(f"called by {call.caller}")
    async for event in call:
        if isinstance(event, Audio):
            await call.send(event.audio)
        elif isinstance(event, Dtmf):
            await call.result("Key pressed", {"key": event.digit})
            return


if __name__ == "__main__":
    bot.run(port=8765)
