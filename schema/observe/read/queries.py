"""Puts the questions to the server: in a thread, so that it answers one while the last becomes records."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.resources import files
from itertools import chain
from typing import TYPE_CHECKING

from nosender.schema.observe.read.fast_records import Answer

if TYPE_CHECKING:
    import psycopg

# In the order of asking: what takes long to assemble first. Each is the text of these files.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "relations": ("relations",),
    "columns": ("columns",),
    "attached": ("attached",),
    "constraints": ("constraints",),
    "indexes": ("indexes",),
    "annotations": ("annotations",),
    "privileges": ("privileges",),
    "triggers": ("triggers",),
    "functions": ("functions",),
    "dependencies": ("dependencies",),
    "few": ("cluster", "objects", "types"),  # kinds of which there are few, a JSON object each
}

_AT_ONCE = 500  # rows

# Waits for the answer to a question that was asked.
Wait = Callable[[], Answer]
# Asks a question by its name, with lists of OIDs for its parameters.
Ask = Callable[..., Wait]


@contextmanager
def asking(connection: "psycopg.Connection") -> Iterator[Ask]:
    """A function that asks at once, and returns one that waits for the answer.

    Questions are answered one after the other, on the one connection; the first that fails fails all that
    come after it. Whatever ends the block early ends the question that is being answered, too.
    """
    from psycopg.pq import TransactionStatus

    with ThreadPoolExecutor(1, "nosender observe") as pool:
        failed: list[Exception] = []

        def answer(text: bytes, values: tuple[list[int], ...]) -> Answer:
            if failed:
                raise failed[0]
            try:
                return _answer(connection, text, values)
            except Exception as error:
                failed.append(error)
                raise

        def ask(question: str, *values: list[int]) -> Wait:
            names = QUESTIONS.get(question, (question,))
            text = b"\nunion all\n".join((files(__package__) / f"{name}.sql").read_bytes() for name in names)
            return pool.submit(answer, text, values).result

        try:
            yield ask
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
                with suppress(Exception):  # the server may be gone
                    connection.cancel_safe(timeout=5)
            raise


def _answer(connection: "psycopg.Connection", text: bytes, values: tuple[list[int], ...]) -> Answer:
    """Ask, and wait for the whole answer without the interpreter's lock, which the other thread needs."""
    from psycopg import OperationalError
    from psycopg.adapt import Transformer
    from psycopg.errors import error_from_result
    from psycopg.pq import ConnStatus, ExecStatus

    pgconn, encoding = connection.pgconn, connection.info.encoding
    parameters = [f"{{{','.join(map(str, oids))}}}".encode() for oids in values]
    result = pgconn.exec_params(text, parameters)
    if pgconn.status == ConnStatus.BAD:
        raise OperationalError(result.get_error_message(encoding))
    if result.status != ExecStatus.TUPLES_OK:
        raise error_from_result(result, encoding)
    transformer = Transformer.from_context(connection)
    transformer.set_pgresult(result)
    # A row becomes a record while the processor still has it at hand, and its memory serves the next.
    starts = range(0, result.ntuples, _AT_ONCE)
    some = (transformer.load_rows(at, min(at + _AT_ONCE, result.ntuples), tuple) for at in starts)
    names = [(result.fname(at) or b"").decode() for at in range(result.nfields)]
    return Answer(names, chain.from_iterable(some))
