using System.Text;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Choices;

/// <summary>Which of the choices is right.</summary>
internal enum AnswerForm
{
    /// <summary>Its place, from 0.</summary>
    Index,

    /// <summary>Its place, from 1.</summary>
    OneBased,

    /// <summary>A letter, from A.</summary>
    Letter,

    /// <summary>Its text.</summary>
    Text,

    /// <summary>A list with a 1 for each choice that is right and a 0 for each other.</summary>
    Labels,
}

/// <summary>What a model chooses from.</summary>
/// <param name="Texts">The choices, each a template, or a field that brings several; without those of <paramref name="Right"/>.</param>
/// <param name="Answer">Which is right; null where <paramref name="Right"/> are.</param>
/// <param name="Form">How <paramref name="Answer"/> says it.</param>
/// <param name="Right">The right ones, which stand before the others; null where <paramref name="Answer"/> says which are.</param>
internal sealed record ChoiceOptions(
    IReadOnlyList<Template> Texts, Template? Answer, AnswerForm Form, IReadOnlyList<Template>? Right = null)
{
    /// <summary>Whether several may be right.</summary>
    public bool HasSeveral => Answer is null || Form == AnswerForm.Labels;

    /// <summary>
    /// Whether all choices have so many characters and bytes, whatever the document is, as A, B, C and D have: what is divided by their
    /// lengths is the same then.
    /// </summary>
    public bool AreOfOneLength => Right is null && Texts.All(text => text.Literal is not null)
        && Texts.DistinctBy(text => (text.Literal!.EnumerateRunes().Count(), Encoding.UTF8.GetByteCount(text.Literal))).Count() == 1;

    /// <summary>Reads the keys choices, answer and answer-is, or right and wrong.</summary>
    /// <param name="several">Whether several choices may be right.</param>
    /// <exception cref="EspalierException">One is missing or wrong.</exception>
    public static ChoiceOptions Read(TaskFields fields, bool several)
    {
        if (several && Templates(fields, "right") is { } right)
            return new(Templates(fields, "wrong") ?? throw fields.Missing("wrong"), null, AnswerForm.Labels, right);
        (string, AnswerForm)[] forms = [("index", AnswerForm.Index), ("one-based", AnswerForm.OneBased), ("letter", AnswerForm.Letter),
            ("text", AnswerForm.Text), .. several ? [("labels", AnswerForm.Labels)] : Array.Empty<(string, AnswerForm)>()];
        var options = new ChoiceOptions(
            Templates(fields, "choices") ?? throw fields.Missing("choices"), fields.Template("answer"),
            fields.Word("answer-is", AnswerForm.Index, forms));
        return options.Texts is [{ IsField: false }]
            ? throw new EspalierException(
                $"{fields.Place("choices")} is one choice; give a list, or the field that holds one, such as {{choices}}")
            : options;
    }

    /// <summary>A document's choices.</summary>
    /// <exception cref="EspalierException">There are fewer than two, or one is empty.</exception>
    public string[] Choices(TaskDocument document)
    {
        string[] choices = [.. (Right ?? []).Concat(Texts).SelectMany(choice => choice.Texts(document))];
        if (choices.Length < 2)
            throw new EspalierException($"{document.Place}: has {choices.Length} choice{(choices.Length == 1 ? "" : "s")}, but needs at "
                + "least two");
        var empty = Array.FindIndex(choices, static choice => choice.Length == 0);
        return empty < 0 ? choices : throw new EspalierException($"{document.Place}: choice {empty + 1} is empty");
    }

    /// <summary>Which of them are right, from 0, in their order; one where not several may be.</summary>
    /// <exception cref="EspalierException">None is, or where several may be, all are.</exception>
    public int[] RightOnes(TaskDocument document, string[] choices)
    {
        if (!HasSeveral)
            return [One(document, choices)];
        int[] right = Right is null ? Labelled(document, choices)
            : [.. Enumerable.Range(0, Right.Sum(choice => choice.Texts(document).Count))];
        return right.Length > 0 && right.Length < choices.Length ? right
            : throw new EspalierException(
                $"{document.Place}: {right.Length} of {choices.Length} choices are right, but some must be right and some wrong");
    }

    private int[] Labelled(TaskDocument document, string[] choices)
    {
        var labels = Answer!.Texts(document);
        if (labels.Count != choices.Length)
            throw new EspalierException($"{document.Place}: has {labels.Count} labels for {choices.Length} choices");
        return [.. labels.Index().Where(label => label.Item switch
        {
            "1" or "True" => true,
            "0" or "False" => false,
            _ => throw new EspalierException($"{document.Place}: a label is '{OneLine.Clipped(label.Item)}'; it must be 1 or 0"),
        }).Select(label => label.Index)];
    }

    private static Template[]? Templates(TaskFields fields, string key) =>
        fields.Texts(key)?.Select(text => Template.Parse(text, fields.Place(key))).ToArray();

    private int One(TaskDocument document, string[] choices)
    {
        var text = Answer!.Fill(document);
        var answer = Form switch
        {
            AnswerForm.Letter => text is [var letter] ? char.ToUpperInvariant(letter) - 'A' : -1,
            AnswerForm.Text => Array.IndexOf(choices, text),
            _ => Quantity.Count(text) is { } number && number <= choices.Length
                ? (int)number - (Form == AnswerForm.OneBased ? 1 : 0) : -1,
        };
        return answer >= 0 && answer < choices.Length ? answer
            : throw new EspalierException(
                $"{document.Place}: the answer is '{OneLine.Clipped(text)}', but there are {choices.Length} choices");
    }
}
