from nosender.alembic import run

run()
