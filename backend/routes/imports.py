"""Import of annotation files."""

from backend.routes.binding import Views, user
from backend.services.imports import Imports
from backend.services.stored_imports import StoredImports
from core.contracts.exchange import (
    ImportRestored,
    ImportResult,
    ImportTakenBack,
    NewImport,
    RecognisedImport,
    RecogniseImport,
    StoredImportList,
)


def import_views(imports: Imports, stored: StoredImports) -> Views:
    """Views of imports."""

    def recognise_import(project: str, body: RecogniseImport) -> RecognisedImport:
        return imports.recognise(user(), project, body)

    def create_import(project: str, body: NewImport) -> ImportResult:
        return imports.create(user(), project, body)

    def list_imports(project: str) -> StoredImportList:
        return stored.newest(user(), project)

    def take_back_import(project: str, key: str) -> ImportTakenBack:
        return stored.take_back(user(), project, key)

    def restore_import(project: str, key: str) -> ImportRestored:
        return stored.restore(user(), project, key)

    return {
        "recognise_import": recognise_import,
        "create_import": create_import,
        "list_imports": list_imports,
        "take_back_import": take_back_import,
        "restore_import": restore_import,
    }
