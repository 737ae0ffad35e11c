package dev.gnserve.archive;

/**
 * A tensor in a zip that PyTorch wrote.
 *
 * @param folder the zip
 * @param tensor its {@code storage} is a file of the zip
 */
public record SavedTensor(ZipFolder folder, StoredTensor tensor) {

    public SavedTensor {
        long bytes = folder.has(tensor.storage()) ? folder.size(tensor.storage()) : -1;
        ArchiveStructure.requireStorage(
                tensor.storage(), tensor.storageElements() * tensor.type().bytes(), bytes);
    }
}
