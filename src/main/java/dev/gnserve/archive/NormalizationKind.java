package dev.gnserve.archive;

import org.jspecify.annotations.Nullable;

/** The kinds of normalization. */
public enum NormalizationKind {
    GROUP_NORM("group-norm", "torch.group_norm", "GroupNorm"),
    BATCH_NORM("batch-norm", "torch.batch_norm", "BatchNorm"),
    LAYER_NORM("layer-norm", "torch.layer_norm", "LayerNorm"),
    INSTANCE_NORM("instance-norm", "torch.instance_norm", "InstanceNorm");

    private final String text;
    private final String operator;
    private final String classPart;

    NormalizationKind(String text, String operator, String classPart) {
        this.text = text;
        this.operator = operator;
        this.classPart = classPart;
    }

    /** The name in reports: {@code group-norm}. */
    @Override
    public String toString() {
        return text;
    }

    /** The kind of an operator, by its name in TorchScript source; null if it is no normalization. */
    static @Nullable NormalizationKind ofOperator(String name) {
        for (NormalizationKind kind : values()) {
            if (kind.operator.equals(name)) {
                return kind;
            }
        }
        return name.equals(NATIVE_GROUP_NORM) ? GROUP_NORM : null;
    }

    /** The engine's internal name of Group Normalization, which also returns the statistics. */
    static final String NATIVE_GROUP_NORM = "torch.native_group_norm";

    /** The usual kind of a module class with this simple name; null if there is none. */
    static @Nullable NormalizationKind ofClass(String simpleName) {
        for (NormalizationKind kind : values()) {
            if (simpleName.contains(kind.classPart)) {
                return kind;
            }
        }
        return null;
    }
}
