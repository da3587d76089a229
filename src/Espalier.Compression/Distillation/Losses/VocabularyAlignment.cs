using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Compression.Distillation.Losses;

/// <summary>
/// Whether a teacher's and a student's logits can be compared: entry by entry they must mean the same token. What the ids mean is compared,
/// not the files, and it is compared before any distillation.
/// </summary>
/// <param name="Size">
/// Entries that are compared; what lies beyond them in either model is padding and gets no probability, as if its logits were −∞.
/// </param>
/// <param name="Note">What the user should hear, or null where both vocabularies are simply the same.</param>
internal sealed record VocabularyAlignment(int Size, string? Note)
{
    private const int MostListed = 8;

    private const string WayOut =
        "distillation on logits needs the teacher's tokenizer: use a student "
            + "pruned from the teacher, or a teacher of the student's family";

    /// <summary>
    /// What the user should be warned of: control tokens that have another name in the student; null where there are none.
    /// </summary>
    public string? Warning { get; init; }

    /// <summary>Compares the vocabularies of two Hugging Face folders; no weights are read.</summary>
    /// <exception cref="EspalierException">They mean different things: names the first id that differs, or both sizes.</exception>
    public static VocabularyAlignment Of(string teacherFolder, string studentFolder)
    {
        var teacher = Vocabulary.Of(teacherFolder);
        var student = Vocabulary.Of(studentFolder);
        if (teacher.File is null || student.File is null)
            return OfSizes(teacher, student);
        var same = ContentHash.OfFile(teacher.File) == ContentHash.OfFile(student.File);
        if (same && teacher.Rows == student.Rows)
            return new(teacher.Rows, null);

        var (t, s) = (Tokenizer.Load(teacher.File), Tokenizer.Load(student.File));
        var (extra, renamed) = same ? ([], []) : Compare(t, teacher.Folder, s, student.Folder);
        var warning = renamed.Count == 0 ? null
            : $"vocabulary: {renamed.Count} control {(renamed.Count == 1 ? "token has" : "tokens have")} another name in the student: "
                + $"{Listed(renamed)}; the student learns the teacher's meaning of the id, whatever its name";
        var known = Math.Max(t.VocabularySize, s.VocabularySize);
        var also = extra.Count == 0 ? null : $"only one of the two tokenizers has {Listed(extra)}";
        if (teacher.Rows == student.Rows)
            return new(teacher.Rows, also is null ? null : $"vocabulary: {also}; all other ids mean the same") { Warning = warning };
        foreach (var (model, tokenizer) in new[] { (teacher, t), (student, s) })
            if (model.Rows < tokenizer.VocabularySize)
                throw new EspalierException(
                    $"{model.Folder} has a vocabulary of {model.Rows} but its tokenizer has {tokenizer.VocabularySize} ids: config.json "
                        + "and tokenizer.json belong to different models; put the right tokenizer.json there");
        var size = Math.Min(known, Math.Min(teacher.Rows, student.Rows));
        return new(size, $"vocabulary: the teacher's {teacher.Rows} and the student's {student.Rows} entries differ by padding; "
            + $"the {size} that the tokenizer knows are compared, the others get no probability{(also is null ? "" : $"; {also}")}")
        { Warning = warning };
    }

    /// <summary>
    /// Without a tokenizer on both sides nobody knows what ids mean: sizes that differ can only be trusted where one is the other's rounded
    /// up.
    /// </summary>
    private static VocabularyAlignment OfSizes(Vocabulary teacher, Vocabulary student)
    {
        if (teacher.Rows == student.Rows)
            return new(teacher.Rows, null);
        var (less, more) = (Math.Min(teacher.Rows, student.Rows), Math.Max(teacher.Rows, student.Rows));
        if (more == RoundedUp(less, 64) || more == RoundedUp(less, 128))
            return new(less,
                $"vocabulary: the teacher's {teacher.Rows} and the student's {student.Rows} entries differ by padding to a multiple of "
                    + $"{(more % 128 == 0 ? 128 : 64)}; the first {less} are compared, the others get no probability");
        throw new EspalierException(
            $"{teacher.Folder} has a vocabulary of {teacher.Rows} but {student.Folder} one of {student.Rows}, "
                + "which is not explained by padding to a multiple of 64 or 128, and without a tokenizer.json in both "
                + $"the meaning of their ids is unknown: {WayOut}, or put both tokenizer.json files there");
    }

    /// <summary>
    /// The tokens that only one of the tokenizers has, all of them added ones, and the control tokens that have two names.
    /// </summary>
    private static (List<string> Extra, List<string> Renamed) Compare(Tokenizer teacher, string teacherFolder, Tokenizer student,
        string studentFolder)
    {
        var added = teacher.Model.AddedTokens.Concat(student.Model.AddedTokens).Select(token => token.Id).ToHashSet();
        var (extra, renamed) = (new List<string>(), new List<string>());
        for (var id = 0; id < Math.Max(teacher.VocabularySize, student.VocabularySize); id++)
        {
            var (theirs, ours) = (teacher.TokenText(id), student.TokenText(id));
            if (theirs == ours)
                continue;
            // A control token that one of the two got later takes nothing from the meaning of the others.
            if ((theirs ?? ours) is { } single && (theirs is null || ours is null) && added.Contains(id))
                extra.Add($"{id} {Quoted(single)}");
            else if (IsRenamedControl(id, teacher, student))
                renamed.Add($"{id} {Quoted(theirs)} is {Quoted(ours)} there");
            else
                throw new EspalierException(
                    $"the tokenizers differ: id {id} is {Quoted(theirs)} in {teacherFolder} "
                        + $"and {Quoted(ours)} in {studentFolder}: {WayOut}");
        }
        return (extra, renamed);
    }

    /// <summary>
    /// Whether an id is a control token that only its name tells apart: added on both sides, and special on one of them at
    /// least, for those that people name (&lt;think&gt; in the place of a reserved one) are often shown in decoded text.
    /// A name that the other side has at another id is no new name: the ids have
    /// changed places. Neither may one side begin texts with what the other side ends them with.
    /// </summary>
    private static bool IsRenamedControl(int id, Tokenizer teacher, Tokenizer student) =>
        teacher.TokenText(id) is { } theirs && student.TokenText(id) is { } ours
        && IsAdded(id, teacher) && IsAdded(id, student) && (teacher.IsSpecial(id) || student.IsSpecial(id))
        && student.TokenId(theirs) is null && teacher.TokenId(ours) is null
        && !Contradict(id, teacher, student) && !Contradict(id, student, teacher);

    private static bool IsAdded(int id, Tokenizer tokenizer) => tokenizer.Model.AddedTokens.Any(token => token.Id == id);

    private static bool Contradict(int id, Tokenizer one, Tokenizer other) =>
        (id == one.BosId) != (id == one.EosId) && (id == other.BosId) != (id == other.EosId) && (id == one.BosId) != (id == other.BosId);

    private static string Listed(List<string> tokens) =>
        string.Join(", ", tokens.Take(MostListed)) + (tokens.Count > MostListed ? $" and {tokens.Count - MostListed} more" : "");

    private static string Quoted(string? token) => token is null ? "no token" : $"'{OneLine.Clipped(token, 40)}'";

    private static int RoundedUp(int size, int multiple) => (int)Math.Min(int.MaxValue, ((long)size + multiple - 1) / multiple * multiple);

    /// <summary>A model's rows, and its tokenizer's file where there is one.</summary>
    private sealed record Vocabulary(string Folder, int Rows, string? File)
    {
        public static Vocabulary Of(string folder)
        {
            using var checkpoint = Checkpoint.Open(folder, requireWeights: false);
            return new(folder, checkpoint.Config.VocabularySize, TokenizerSource.Find(folder));
        }
    }
}
