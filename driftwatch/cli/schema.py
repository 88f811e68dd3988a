"""`driftwatch schema`: the JSON Schema of the configuration, for editors."""

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of config/driftwatch.yaml.

    Editors with a YAML language server take it from the first line of the file.
    """
    from driftwatch.config.schema import schema_text

    click.echo(schema_text(), nl=False)
