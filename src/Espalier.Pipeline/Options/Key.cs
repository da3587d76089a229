namespace Espalier.Pipeline.Options;

/// <summary>When a key's value is part of a stage's key.</summary>
internal enum InStageKey
{
    /// <summary>Always.</summary>
    Always,

    /// <summary>Where the key has a meaning beside the others.</summary>
    WhereItMatters,

    /// <summary>
    /// Where it is not the default, nor null: keys that came later, so that folders from before there was one still serve.
    /// </summary>
    WhereItDiffers,

    /// <summary>Never: it changes no result.</summary>
    Never,
}

/// <summary>
/// One key of a section, declared once: from it come the reader of recipes, the option of commands and its help, the canonical text,
/// the key of stages, the schema for editors and the reference page.
/// </summary>
internal abstract class Key(string name)
{
    /// <summary>The name in recipes, in kebab-case; an option of commands is called the same, with dashes before it.</summary>
    public string Name { get; } = name;

    /// <summary>What the option is called where a command needs the key's own name for something else; recipes understand it too.</summary>
    public string? OptionName { get; init; }

    /// <summary>Older and shorter names of the option, with their dashes.</summary>
    public string[] Aliases { get; init; } = [];

    /// <summary>What <c>--help</c> says of the option.</summary>
    public string Help { get; init; } = "";

    /// <summary>
    /// What <c>docs/recipe.md</c> says in its table, with line breaks where a space is meant; empty where no recipe has the key.
    /// </summary>
    public string Page { get; init; } = "";

    /// <summary>The default in that table, where it is more than the value of a section that says nothing.</summary>
    public string PageDefault
    {
        get => field ?? (IsRequired ? "required" : Unsaid);
        init;
    }

    /// <summary>Whether help shows the default, where there is one; not where <see cref="Help"/> says what goes without it.</summary>
    public bool ShowsDefault { get; init; } = true;

    /// <summary>Whether recipes alone have the key, and no command an option for it.</summary>
    public bool IsOption { get; init; } = true;

    /// <summary>Whether it is in canonical texts; not where another key says the same.</summary>
    public bool IsCanonical { get; init; } = true;

    /// <summary>
    /// Whether it came after run folders had been made without it: then texts and keys have it only where it differs from the default.
    /// </summary>
    public bool IsLater { get; init; }

    /// <summary>Whether the section cannot be without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>When it is read, lower before higher, else in the order of the list: after what its rules look at.</summary>
    public int Turn { get; init; }

    /// <summary>When it is part of a stage's key.</summary>
    public InStageKey Stage { get; init; } = InStageKey.Always;

    /// <summary>What it is called there; by default its name with _ for -.</summary>
    public string? StageName { get; init; }

    /// <summary>What a value looks like.</summary>
    public abstract string HelpName { get; }

    /// <summary>Whether a command's option takes no value.</summary>
    public abstract bool IsFlag { get; }

    /// <summary>Whether a command line's value is a list with commas between.</summary>
    public abstract bool IsList { get; }

    /// <summary>Whether a command line's value may be in capitals, too.</summary>
    public abstract bool IsWord { get; }

    /// <summary>The section that the value is, or that it lists; null for other values.</summary>
    public abstract Section? Inner { get; }

    /// <summary>The value of a section that does not have the key, as a recipe would write it.</summary>
    protected abstract string Unsaid { get; }

    /// <summary>What a value may be, in JSON Schema.</summary>
    public abstract JsonObject Schema();

    /// <summary>Reads the value for what is wrong with it by itself; one that is read together with others passes.</summary>
    public abstract void Check(SectionFields fields);

    /// <summary>A command line's value as a recipe would have it.</summary>
    public YamlValue OfText(string text)
    {
        return IsList ? new YamlList([.. text.Split(',', StringSplitOptions.TrimEntries).Select(One)], Line: 0) : One(text);

        YamlText One(string value) => new(IsWord ? value.ToLowerInvariant() : value, Quoted: true, Line: 0);
    }
}

/// <summary>A key of a section's record.</summary>
/// <typeparam name="S">The record; made without arguments it has the defaults.</typeparam>
internal abstract class Key<S>(string name) : Key(name)
{
    /// <summary>The section with this key's value, or with what its absence means.</summary>
    public abstract S Read(SectionFields fields, S section);

    /// <summary>The default as help shows it.</summary>
    public abstract string Default(S section);

    /// <summary>Adds the value to a canonical text.</summary>
    public abstract void AddToCanonical(JsonObject fields, S section);

    /// <summary>Adds the value to what determines a stage.</summary>
    public abstract void AddToStageKey(JsonObject options, S section);
}

/// <summary>A key with values of one type.</summary>
/// <param name="name">Its name.</param>
/// <param name="kind">How its values are written.</param>
/// <param name="get">Its value in a section.</param>
/// <param name="set">The section with another value.</param>
internal sealed class Key<S, V>(string name, Kind<V> kind, Func<S, V> get, Func<S, V, S> set) : Key<S>(name)
{
    // Not "new": what a record requires is for whoever writes one, and not for a default to compare with.
    private static readonly S s_defaults = Activator.CreateInstance<S>();

    /// <summary>Why the key has no meaning in a section, as an error ends; null where it has.</summary>
    public Func<S, string?> Useless { get; init; } = _ => null;

    /// <summary>What is wrong with a value beside the others, as an error ends; null where it fits.</summary>
    public Func<S, V, string?> Refused { get; init; } = (_, _) => null;

    /// <summary>An example for the error where the key must be there and is not; null where it need not.</summary>
    public Func<S, string?> Missing { get; init; } = _ => null;

    /// <summary>Whether a section is the same whatever the key says, and canonical texts leave it out.</summary>
    public Func<S, bool> IsMoot { get; init; } = _ => false;

    /// <summary>What the absence of the key means, where that depends on other keys.</summary>
    public Func<S, S> Otherwise { get; init; } = section => section;

    /// <summary>Reads in place of the kind, also where the key is absent.</summary>
    public Func<SectionFields, S, S>? Reader { get; init; }

    /// <summary>What a value may be, in JSON Schema, where <see cref="Reader"/> takes more than the kind.</summary>
    public Func<JsonObject>? SchemaOf { get; init; }

    /// <summary>The value in a canonical text, where more than the value decides how it is written.</summary>
    public Func<S, JsonNode?>? CanonicalValue { get; init; }

    /// <summary>The value in a stage's key, where it is written otherwise there.</summary>
    public Func<S, JsonNode?>? StageValue { get; init; }

    public override string HelpName => kind.HelpName;

    public override Section? Inner => kind.Inner;

    public override JsonObject Schema() => SchemaOf is null ? kind.Schema() : SchemaOf();

    public override void Check(SectionFields fields)
    {
        if (Reader is null)
            _ = kind.Read(fields, Name);
    }

    public override bool IsFlag => typeof(V) == typeof(bool);

    public override bool IsList => kind.IsList;

    public override bool IsWord => kind.IsWord;

    public override S Read(SectionFields fields, S section)
    {
        if (Reader is not null)
            return Reader(fields, section);
        if (!fields.Has(Name))
            return Missing(section) is { } example ? throw fields.Missing(Name, example) : Otherwise(section);
        if (Useless(section) is { } why)
            throw fields.Wrong(Name, why);
        var value = kind.Read(fields, Name);
        return Refused(section, value) is { } rule ? throw fields.Wrong(Name, rule) : set(section, value);
    }

    protected override string Unsaid =>
        get(s_defaults) is { } value && Kinds.Shown(kind.Write(value)) is { Length: > 0 } shown ? shown : "none";

    public override string Default(S section) => Kinds.Shown(kind.Write(get(section)));

    public override void AddToCanonical(JsonObject fields, S section)
    {
        if (IsCanonical && Useless(section) is null && !IsMoot(section) && (!IsLater || Differs(section)))
            fields[Name] = CanonicalValue is null ? kind.Write(get(section)) : CanonicalValue(section);
    }

    public override void AddToStageKey(JsonObject options, S section)
    {
        var isPart = Stage switch
        {
            InStageKey.Never => false,
            _ when IsLater => Differs(section) && Useless(section) is null,
            InStageKey.Always => true,
            InStageKey.WhereItMatters => Useless(section) is null,
            _ => Differs(section),
        };
        if (!isPart)
            return;
        var value = StageValue is null ? kind.Write(get(section)) : StageValue(section);
        if (value is not null || Stage != InStageKey.WhereItDiffers)
            options[StageName ?? Name.Replace('-', '_')] = value;
    }

    private bool Differs(S section) => !EqualityComparer<V>.Default.Equals(get(section), get(s_defaults));
}
