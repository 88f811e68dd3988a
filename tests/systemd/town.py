"""What a machine has around it: a Slack that keeps what was posted in a file. Run inside the machine."""

import asyncio
import json
import sys
from pathlib import Path

from driftwatch.testing.slack import FakeSlack, Post


async def main(folder: Path) -> None:
    def keep(post: Post) -> None:
        with (folder / "posts").open("a") as posts:
            posts.write(json.dumps(post.body) + "\n")

    async with FakeSlack(on_post=keep) as slack:
        (folder / "webhook").write_text(slack.webhook_url.reveal())
        await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1])))
