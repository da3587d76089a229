namespace Espalier.Compression.Distillation;

/// <summary>A layer of the teacher and the layer of the student that is compared with it, written <c>29:13</c>; both from 0.</summary>
public readonly record struct LayerPair(int Teacher, int Student)
{
    /// <summary>Reads <c>29:13</c>.</summary>
    /// <exception cref="EspalierException">It is no pair.</exception>
    public static LayerPair Parse(string text) =>
        text.Split(':') is [var teacher, var student]
        && int.TryParse(teacher, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && int.TryParse(student, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
            ? new(first, second)
            : throw new EspalierException($"'{text}' is not a pair of layers; write TEACHER:STUDENT, both counted from 0, as in 29:13");

    /// <summary>Checks the pair against two depths.</summary>
    /// <exception cref="EspalierException">A layer that is not there.</exception>
    public LayerPair Within(int teacherLayers, int studentLayers) =>
        Teacher >= teacherLayers ? throw new EspalierException($"layer pair {this}: the teacher has layers 0 to {teacherLayers - 1}")
        : Student >= studentLayers ? throw new EspalierException($"layer pair {this}: the student has layers 0 to {studentLayers - 1}")
        : this;

    /// <inheritdoc/>
    public override string ToString() => $"{Teacher}:{Student}";
}
