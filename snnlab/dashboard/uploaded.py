"""The tab of the teacher's page with the archives that visitors have brought."""

from __future__ import annotations

import time
from collections.abc import Callable

import streamlit as st

from snnlab.dashboard.kept_archives import MOST_TOTAL, Kept, every, remove
from snnlab.dashboard.screen import escaped
from snnlab.dashboard.trouble import attempt_here
from snnlab.dashboard.upload import classes_in_words, folder, sizes_in_words, users_of
from snnlab.data.limits import in_words


def draw_uploaded(shown_user: Callable[[str], str]) -> None:
    """Whose they are, what is in them, who needs them; any can be removed.

    Args:
        shown_user: a visitor as the teacher sees one.
    """
    found = every(folder())
    if not found:
        st.info("Nobody has uploaded images.", icon=":material/photo_library:")
        return
    used = sum(one.bytes for one in found)
    st.caption(
        f"{len(found)} {'archive' if len(found) == 1 else 'archives'}, {in_words(used)} of the "
        f"{in_words(MOST_TOTAL)} that this server keeps."
    )
    for kept in found:
        draw_archive(kept, shown_user)


def draw_archive(kept: Kept, shown_user: Callable[[str], str]) -> None:
    """One archive."""
    frame = st.container(border=True)
    line, end = frame.columns([5, 1], vertical_alignment="center")
    wanted = users_of(kept)
    whose = [
        f"{shown_user(visitor)}, {time.strftime('%d %b %H:%M', time.localtime(when))}"
        for visitor, (_, when) in kept.owners.items()
    ]
    parts = [in_words(kept.bytes)]
    if kept.look is not None:
        parts += [f"{kept.look.images:,} images", sizes_in_words(kept.look)]
        parts += [classes_in_words(kept.look)]
    if wanted:
        parts.append(f"{runs(len(wanted))} or {'trains' if len(wanted) == 1 else 'train'} on it")
    text = f"**{escaped(kept.name())}**, {escaped(', '.join(parts))}.  \n"
    line.markdown(text + escaped(f"By {'; '.join(whose) or 'an unknown visitor'}"))
    with end.popover("Remove", icon=":material/delete:", key=f"uploaded-{kept.id}"):
        st.write("It goes for everybody. Runs that were trained on it stay, without their images.")
        if wanted:
            st.write(f"{runs(len(wanted))} for it and will fail.")
        if st.button("Remove for good", key=f"uploaded-remove-{kept.id}", type="primary"):
            attempt_here(lambda: remove(kept, None))


def runs(number: int) -> str:
    """So many runs that wait."""
    return "1 run waits" if number == 1 else f"{number} runs wait"
