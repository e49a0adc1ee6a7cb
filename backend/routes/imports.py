"""Import of annotation files."""

from backend.routes.binding import Views, user
from backend.services.imports import Imports
from core.contracts.exchange import ImportResult, ImportTakenBack, NewImport, RecognisedImport, RecogniseImport


def import_views(imports: Imports) -> Views:
    """Views of imports."""

    def recognise_import(project: str, body: RecogniseImport) -> RecognisedImport:
        return imports.recognise(user(), project, body)

    def create_import(project: str, body: NewImport) -> ImportResult:
        return imports.create(user(), project, body)

    def take_back_import(project: str, key: str) -> ImportTakenBack:
        return imports.take_back(user(), project, key)

    return {"recognise_import": recognise_import, "create_import": create_import, "take_back_import": take_back_import}
