package dev.gnserve.archive;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/** Recognizes files that are not TorchScript archives, and says what to do. */
final class ForeignFormat {

    private static final String EXPORT =
            " Export the model with torch.jit.trace or torch.jit.script, then torch.jit.save";

    private ForeignFormat() {}

    /** For bytes that are not a complete zip. */
    static TorchScriptException notZip(ByteSource source) {
        long size = source.size();
        byte[] head = source.read(0, (int) Math.min(size, 512));
        String text = new String(head, StandardCharsets.ISO_8859_1);
        String what;
        if (size == 0) {
            what = "the file is empty. Copy or export it again";
        } else if (text.startsWith("PK\3\4")) {
            what = "the zip is truncated: it has no directory at its end (" + size + " bytes are there). Copy or export"
                    + " the file again";
        } else if (head.length > 2 && (head[0] & 0xff) == 0x80 && head[1] >= 2 && head[1] <= 5) {
            what = "a plain pickle (torch.save of an old PyTorch, or pickle.dump), not a TorchScript archive: it holds"
                    + " weights or Python objects without the model's code." + EXPORT;
        } else if (text.startsWith("version https://git-lfs")) {
            what = "a Git LFS pointer, not the model itself. Fetch the file with git lfs pull";
        } else if (text.startsWith("\u0089HDF\r\n")) {
            what = "an HDF5 file (Keras weights, for example), not a TorchScript archive." + EXPORT;
        } else if (text.startsWith("GGUF")) {
            what = "a GGUF file, not a TorchScript archive." + EXPORT;
        } else if (isSafetensors(head, size)) {
            what = "a safetensors file, not a TorchScript archive: it holds weights without the model's code. Load them"
                    + " into the model in Python." + EXPORT;
        } else if (text.startsWith("TFL3", 4)) {
            what = "a TensorFlow Lite model, not a TorchScript archive: the engine runs PyTorch models only";
        } else if (text.startsWith("ET", 4) && head.length > 7 && Character.isDigit(head[6])) {
            what = "an ExecuTorch program (.pte), compiled for devices, not a TorchScript archive." + EXPORT;
        } else if (isOnnx(head, text)) {
            what = "an ONNX model, not a TorchScript archive." + EXPORT;
        } else if (text.stripLeading().startsWith("<")) {
            what =
                    "a web page or XML text, not a TorchScript archive: the download may have failed. Download the file again";
        } else if (text.startsWith("\u001f\u008b")) {
            what = "a gzip file, not a TorchScript archive. Unpack it first";
        } else if (head.length > 262 && text.startsWith("ustar", 257)) {
            what = "a tar file, not a TorchScript archive. Unpack it first";
        } else {
            what = "not a TorchScript archive: it is not a zip." + EXPORT;
        }
        return new TorchScriptException(what);
    }

    /**
     * For a zip without the entries of a TorchScript archive.
     *
     * @param names its entries without the root folder
     * @param roots its root folders
     */
    static TorchScriptException zipOfSomethingElse(List<String> names, Set<String> roots) {
        String what;
        if (names.contains("archive_format")
                || names.contains("serialized_exported_program.json")
                || names.stream().anyMatch(name -> name.startsWith("models/") && name.endsWith(".json"))) {
            what =
                    "a .pt2 export (torch.export.save), not a TorchScript archive: libtorch's TorchScript loader cannot run"
                            + " it." + EXPORT;
        } else if (names.contains("data.pkl")) {
            what =
                    "a PyTorch checkpoint (torch.save, usually .pth), not a TorchScript archive: it holds weights or Python"
                            + " objects without the model's code. Load it into the model in Python." + EXPORT;
        } else if (names.stream().anyMatch(name -> name.startsWith(".data/extern_modules"))) {
            what = "a torch.package archive, not a TorchScript archive: it needs Python to run." + EXPORT;
        } else if (names.contains("MANIFEST.MF")
                || names.contains("META-INF/MANIFEST.MF")
                || roots.contains("META-INF")) {
            what = "a Java archive, not a TorchScript archive." + EXPORT;
        } else if (names.stream().anyMatch(name -> name.endsWith(".npy"))) {
            what = "an .npz file (NumPy arrays), not a TorchScript archive." + EXPORT;
        } else if (roots.contains("MAR-INF")) {
            what =
                    "a TorchServe archive (.mar), not a TorchScript archive. Unpack it, and serve the model file in it if that is one";
        } else if (names.contains("configs/metadata.json")
                || (roots.contains("configs") && names.contains("metadata.json"))) {
            what =
                    "a MONAI bundle, not a TorchScript archive. Unpack it, and serve models/model.ts in it if it is there, else"
                            + " make it with python -m monai.bundle ckpt_export";
        } else if (names.contains("saved_model.pb")) {
            what = "a TensorFlow SavedModel, not a TorchScript archive: the engine runs PyTorch models only";
        } else if (names.contains("model.weights.h5")) {
            what = "a Keras model, not a TorchScript archive: the engine runs PyTorch models only";
        } else if (roots.stream().anyMatch(root -> root.endsWith(".mlpackage"))
                || names.stream().anyMatch(name -> name.endsWith(".mlmodel"))) {
            what = "a Core ML model, not a TorchScript archive." + EXPORT;
        } else if (names.stream().anyMatch(name -> name.endsWith(".pt") || name.endsWith(".mar"))) {
            what = "a zip that contains a model file, not the model itself. Unpack it first";
        } else {
            what = "a zip, but not a TorchScript archive: it has no data.pkl, constants.pkl and code." + EXPORT;
        }
        return new TorchScriptException(what);
    }

    private static boolean isSafetensors(byte[] head, long size) {
        if (head.length < 10 || head[8] != '{') {
            return false;
        }
        long header = 0;
        for (int i = 7; i >= 0; i--) {
            header = header << 8 | (head[i] & 0xff);
        }
        return header > 0 && header <= size - 8;
    }

    /** ONNX is a protobuf message. Its first fields are the IR version and the producer's name or the opset. */
    private static boolean isOnnx(byte[] head, String text) {
        return head.length > 4
                && head[0] == 0x08
                && head[1] > 0
                && head[1] < 32
                && (head[2] == 0x12 || head[2] == 0x3a || head[2] == 0x42 || text.contains("onnx"));
    }
}
